'use strict';

// The README's chart: calls or messages per second, as bars.

const COLOURS = { 'grpc-js': '#9aa0a6', ours: '#d9480f', native: '#1864ab' };
const NAMES = { 'grpc-js': '@grpc/grpc-js', ours: 'owt-grpc', native: 'native tonic (Rust to Rust)' };
const BAR = 16;
const LABEL = 150;
const WIDTH = 760;

/** @param {{ name: string, medians: Record<string, { perSecond: number }>, toGrpcJs: { perSecond: number } }[]} summary */
function chart(summary) {
  const variants = Object.keys(COLOURS);
  const group = BAR * variants.length + 18;
  const parts = [];
  let x = LABEL;
  for (const variant of variants) {
    parts.push(`<rect x="${x}" y="6" width="10" height="10" fill="${COLOURS[variant]}"/>`);
    parts.push(`<text x="${x + 14}" y="15">${NAMES[variant]}</text>`);
    x += 30 + NAMES[variant].length * 7;
  }
  summary.forEach(({ name, medians, toGrpcJs }, index) => {
    const top = 34 + index * group;
    // Each load has its own scale: streams are far faster than calls.
    const most = Math.max(...variants.map((variant) => medians[variant].perSecond));
    parts.push(`<text x="${LABEL - 8}" y="${top + group / 2 - 10}" text-anchor="end">${name}</text>`);
    variants.forEach((variant, row) => {
      const { perSecond } = medians[variant];
      const width = ((WIDTH - LABEL - 150) * perSecond) / most;
      const y = top + row * BAR;
      const times = variant === 'ours' ? ` (${toGrpcJs.perSecond.toFixed(1)}×)` : '';
      parts.push(`<rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 3}" fill="${COLOURS[variant]}"/>`);
      parts.push(`<text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 11}">${Math.round(perSecond).toLocaleString('en')}/s${times}</text>`);
    });
  });
  const height = 40 + summary.length * group;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `font-family="sans-serif" font-size="12" fill="#343a40">\n` +
    `<rect width="100%" height="100%" fill="#ffffff"/>\n${parts.join('\n')}\n</svg>\n`
  );
}

module.exports = { chart };
