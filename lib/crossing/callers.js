'use strict';

/** The names of those who call a member, by their numbers: reading one again costs more than to remember it. What forgets a peer is the member. */
class Callers {
  constructor() {
    this.peer = -1;
    this.name = '';
    /** @type {Map<number, string>} */
    this.names = new Map();
  }

  /**
   * The name of a peer, which stands in each of its requests.
   *
   * @param {number} peer
   * @param {Buffer} buf
   * @param {number} start
   * @param {number} end
   */
  read(peer, buf, start, end) {
    if (peer === this.peer) return this.name;
    let name = this.names.get(peer);
    if (name === undefined) this.names.set(peer, (name = buf.utf8Slice(start, end)));
    this.peer = peer;
    return (this.name = name);
  }

  /** @param {number} peer that is gone: its number is not given to another one */
  forget(peer) {
    this.names.delete(peer);
    if (peer === this.peer) this.peer = -1;
  }
}

module.exports = { Callers };
