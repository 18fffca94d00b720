import type { Client, Handlers, Services } from '../../index';

/** What travels as google.protobuf.Any. */
export interface Packed { type_url: string; value: Buffer }

/** Serves a type on all addresses; resolves with the port. Port 0 is any free one. */
export function startServer<Type extends keyof Services>(
  type: Type,
  impl: Handlers<Type> & Record<string, any>,
  port?: number
): Promise<number>;

/** Stops a server of startServer. An addition to OWT's helper. */
export function stopServer(port: number, options?: { graceMs?: number }): Promise<void>;

/** A client of a type at host:port. Connects at its first call. */
export function startClient<Type extends keyof Services>(type: Type, address: string): Client<Type>;

/** Packs the option of a request. Fields that do not fit are converted or left out. */
export function packOption(type: keyof Services | 'internal', option: object): Packed;

/** The option, without unset fields; null for something else. */
export function unpackOption(type: keyof Services | 'internal', packed: { type_url: string; value: Uint8Array }): any;

export interface Notification<Data> { type: keyof Services; name: string; data: Data }

/** Packs a notification's data by its name. Fields that do not fit are converted or left out. */
export function packNotification(notification: Notification<any>): Notification<Packed>;

/** The notification with its data, without unset fields. */
export function unpackNotification(notification: Notification<Packed>): Notification<any>;
