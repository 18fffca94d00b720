'use strict';

// The figures of the processes, as a table that is drawn in place on a terminal.

const percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

class Table {
  constructor(names, { live }) {
    this.rows = new Map(names.map((name) => [name, { calls: 0, errors: 0, notifications: 0, micros: [] }]));
    this.live = live;
    this.drawn = 0;
  }

  update(name, { calls, errors, notifications, micros }) {
    const row = this.rows.get(name);
    Object.assign(row, { calls, errors, notifications });
    row.micros.push(...micros);
  }

  /** The last figures stay on the screen. */
  lines() {
    const lines = ['process           calls  errors   p50 µs   p99 µs  notifications'];
    for (const [name, row] of this.rows) {
      const sorted = [...row.micros].sort((a, b) => a - b);
      const cells = [row.calls, row.errors, percentile(sorted, 0.5), percentile(sorted, 0.99), row.notifications];
      const widths = [7, 8, 9, 9, 15];
      lines.push(name.padEnd(16) + cells.map((cell, i) => cell.toFixed(0).padStart(widths[i])).join(''));
    }
    return lines;
  }

  draw() {
    if (!this.live) return;
    const lines = this.lines();
    if (this.drawn > 0) process.stdout.write(`\x1b[${this.drawn}A`);
    for (const line of lines) process.stdout.write(`\x1b[2K${line}\n`);
    this.drawn = lines.length;
  }
}

module.exports = { Table };
