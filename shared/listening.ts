import { z } from 'zod';
import { rawOf } from './name.ts';

const socketForm = /^(?:tcp|udp|udplite|raw|packet)\/(?:\*|(\d{1,5})(?:-(\d{1,5}))?)$/;

const Program = z
  .string()
  .max(32_768)
  .refine(
    (path) => path.startsWith('/') && rawOf(path) !== undefined,
    'expected an absolute path, written as names are',
  );

/** One socket, or several, that may listen. */
export const Listener = z
  .strictObject({
    socket: z
      .string()
      .refine(
        isSocket,
        'expected tcp/PORT, udp/PORT, udplite/PORT, raw/PROTOCOL or packet/ETHERTYPE; PORT may be FIRST-LAST or *',
      ),
    program: z
      .union([Program.transform((one) => [one]), z.array(Program).min(1).max(64)])
      .optional()
      .describe('who may hold it: one of its processes must run one of these; without it, anybody'),
    reason: z.string().min(1).max(1_024).optional(),
  })
  .refine(({ socket, program }) => !socket.endsWith('/*') || program !== undefined, 'every port needs a `program`');
export type Listener = z.infer<typeof Listener>;

export const Listening = z
  .array(Listener)
  .max(4_096)
  .describe('what may listen on an instance; any other socket is a finding. Without it, sockets are not judged');

function isSocket(text: string): boolean {
  const parts = socketForm.exec(text);
  if (parts === null) return false;
  const [first, last] = [Number(parts[1] ?? 0), Number(parts[2] ?? parts[1] ?? 0)];
  return first <= last && last <= 65_535;
}

/** Whether a declaration is about a socket, `tcp/22`. */
export function isDeclared({ socket }: Listener, name: string): boolean {
  const [protocol, ports = ''] = socket.split('/');
  const [ofName, port] = name.split('/');
  if (protocol !== ofName) return false;
  if (ports === '*') return true;
  const [first, last = first] = ports.split('-').map(Number);
  return Number(port) >= first! && Number(port) <= last!;
}
