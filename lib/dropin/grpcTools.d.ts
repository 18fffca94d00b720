import type { Client, Handlers, Services } from '../../index';

/** What travels as google.protobuf.Any. */
export interface Packed { type_url: string; value: Buffer }

/**
 * Serves a type on all addresses of the machine.
 *
 * @param type OWT's name of the service
 * @param impl its handlers: `(call, callback)`, or as those of `Server`
 * @param port default 0, any free one
 * @returns the port
 * @throws Error for an unknown type, with code EADDRINUSE and the like if it cannot listen
 *
 * @example
 * const port = await grpcTools.startServer('nodeManager', {
 *   getNode(call, callback) {
 *     callback(null, { message: 'node1' });
 *   },
 * });
 * const client = grpcTools.startClient('nodeManager', `localhost:${port}`);
 * console.log((await client.getNode({})).message); // node1
 * client.close();
 * await grpcTools.stopServer(port, { graceMs: 1000 });
 */
export function startServer<Type extends keyof Services>(
  type: Type,
  impl: Handlers<Type>,
  port?: number
): Promise<number>;

/**
 * Stops a server of startServer. An addition to OWT's helper.
 *
 * @param port what startServer gave
 * @param options `graceMs`: what calls under way are given, in ms; default 5000
 * @throws Error if no server of startServer listens there
 *
 * @example
 * const port = await grpcTools.startServer('nodeManager', {}, 0);
 * await grpcTools.stopServer(port);
 */
export function stopServer(port: number, options?: { graceMs?: number }): Promise<void>;

/**
 * A client of a type. Connects at its first call.
 *
 * @param type OWT's name of the service
 * @param address host:port
 * @throws Error for an unknown type, TypeError for an address that is none
 *
 * @example
 * const client = grpcTools.startClient('webrtc', `localhost:${port}`);
 * await new Promise((resolve) => client.publish({ id: 'p1' }, (error, reply) => {
 *   console.log(error, reply.id); // null p1
 *   resolve();
 * }));
 * client.close();
 */
export function startClient<Type extends keyof Services>(type: Type, address: string): Client<Type>;

/**
 * Packs the option of a request. Fields that do not fit are converted or left out.
 *
 * @param type whose option it is
 * @param option its fields
 * @throws Error for an unknown type
 *
 * @example
 * const packed = grpcTools.packOption('video', { controller: 'conference' });
 * console.log(packed.type_url); // owt.RequestOption
 */
export function packOption(type: keyof Services | 'internal', option: object): Packed;

/**
 * The option without unset fields; null for something else.
 *
 * @param type whose option it is
 * @param packed what packOption gave
 * @throws Error for an unknown type and for bytes that are no option
 *
 * @example
 * const packed = grpcTools.packOption('video', { controller: 'conference' });
 * console.log(grpcTools.unpackOption('video', packed).controller); // conference
 */
export function unpackOption(type: keyof Services | 'internal', packed: { type_url: string; value: Uint8Array }): any;

/** What a server tells who listens: of which type, its name, and its data, packed or not. */
export interface Notification<Data> { type: keyof Services; name: string; data: Data }

/**
 * Packs a notification's data by its name. Fields that do not fit are converted or left out.
 *
 * @param notification with its data
 * @throws Error for an unknown type or name
 *
 * @example
 * const data = { owner: 'room1', label: 'common', regions: [] };
 * const packed = grpcTools.packNotification({ type: 'video', name: 'onVideoLayoutChange', data });
 * console.log(packed.data.type_url); // owt.VideoLayoutChangeData
 */
export function packNotification(notification: Notification<any>): Notification<Packed>;

/**
 * The notification with its data, without unset fields.
 *
 * @param notification what packNotification gave
 * @throws Error for an unknown type, and for data of another one
 *
 * @example
 * const data = { owner: 'room1', label: 'common', regions: [] };
 * const packed = grpcTools.packNotification({ type: 'video', name: 'onVideoLayoutChange', data });
 * console.log(grpcTools.unpackNotification(packed).data.label); // common
 */
export function unpackNotification(notification: Notification<Packed>): Notification<any>;
