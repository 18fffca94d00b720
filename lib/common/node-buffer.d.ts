// Methods of Buffer that Node.js has had since its beginnings and that take
// offsets without the cost of the documented ones. Other gRPC and protobuf
// libraries rely on them, too.

interface Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length?: number): number;
  latin1Write(text: string, offset: number): number;
}
