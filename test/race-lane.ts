import { randomUUID } from 'node:crypto';
import { INTERNAL_PATHS } from '@trunkline/contract';
import type { Answer, DialectName, Phone, System } from '@trunkline/testing';

export type Side = 'caller' | 'callee';

/** What a person can do to a call. */
export type Verb = 'accept' | 'reject' | 'cancel' | 'end' | 'connected';

/** What was asked by whom, and answered. Commands of a device that left in the same moment have no answer. */
export interface Asked {
  device: Device;
  verb: Verb;
  answer: Answer;
}

const GATEWAYS = 2;

/** One device of a person, through all its connections. */
export class Device {
  readonly side: Side;
  readonly userId: string;
  readonly deviceId: string;
  readonly dialect: DialectName;
  readonly #system: System;
  #gateway: number;
  #phone: Phone | null = null;
  /** Every connection that it had since the race began, the newest last. */
  #sessions: Phone[] = [];

  constructor(system: System, side: Side, userId: string, dialect: DialectName, gateway: number) {
    this.#system = system;
    this.side = side;
    this.userId = userId;
    this.deviceId = `device-${randomUUID()}`;
    this.dialect = dialect;
    this.#gateway = gateway;
  }

  get phone(): Phone | null {
    return this.#phone;
  }

  get sessions(): readonly Phone[] {
    return this.#sessions;
  }

  /** Whether one connection has lasted since the race began. */
  get isSteady(): boolean {
    return this.#phone !== null && this.#sessions.length === 1;
  }

  async connect(): Promise<Phone> {
    if (this.#phone !== null) return this.#phone;
    const { deviceId, userId } = this;
    this.#phone = await this.#system.phone(this.dialect, this.#gateway, userId, { deviceId, name: 'Ann' });
    this.#sessions.push(this.#phone);
    return this.#phone;
  }

  async disconnect(): Promise<void> {
    const phone = this.#phone;
    this.#phone = null;
    // It comes back to the other gateway.
    this.#gateway = (this.#gateway + 1) % GATEWAYS;
    await phone?.[Symbol.asyncDispose]();
  }

  /** A race begins. */
  forget(): void {
    this.#sessions = this.#phone === null ? [] : [this.#phone];
  }
}

/** Two people with two devices each, on both gateways, who race with each other again and again. */
export interface Lane extends AsyncDisposable {
  readonly devices: readonly Device[];
}

export type LaneDialects = readonly [DialectName, DialectName, DialectName, DialectName];

export const openLane = async (system: System, dialects: LaneDialects): Promise<Lane> => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const devices = [
    new Device(system, 'caller', callerId, dialects[0], 0),
    new Device(system, 'caller', callerId, dialects[1], 1),
    new Device(system, 'callee', calleeId, dialects[2], 1),
    new Device(system, 'callee', calleeId, dialects[3], 0),
  ];
  await Promise.all(devices.map((device) => device.connect()));
  return {
    devices,
    async [Symbol.asyncDispose]() {
      await Promise.all(devices.map((device) => device.disconnect()));
    },
  };
};

/** What time may do to a call, by the database's own clock: each makes it due now. */
const DUE_NOW = {
  ring_timeout: `UPDATE calls SET ring_deadline_at = clock_timestamp(), due_at = clock_timestamp()
    WHERE id = $1 AND ended_at IS NULL AND accepted_at IS NULL`,
  graces: `UPDATE calls SET caller_absent_at = caller_absent_at - interval '1 hour', callee_absent_at = callee_absent_at - interval '1 hour',
    unreachable_since = unreachable_since - interval '1 hour', due_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL`,
  max_duration: `UPDATE calls SET accepted_at = accepted_at - interval '5 hours', due_at = clock_timestamp()
    WHERE id = $1 AND ended_at IS NULL AND accepted_at IS NOT NULL`,
} as const;
export type Deadline = keyof typeof DUE_NOW;

/** Lets a deadline pass, and has one of the call-services look at what is due. */
export const letPass = async (system: System, callId: string, deadline: Deadline): Promise<void> => {
  await system.database.query(DUE_NOW[deadline], [callId]);
  const url = system.callServices[callId.charCodeAt(callId.length - 1) % system.callServices.length]?.url;
  await fetch(`${url}${INTERNAL_PATHS.due}`, { method: 'POST', headers: { authorization: `Bearer ${system.internalToken}` } });
};
