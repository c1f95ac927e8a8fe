import { z } from 'zod';

const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const v4 = new RegExp(`^${octet}(?:\\.${octet}){3}/(?:3[0-2]|[12]?\\d)$`);
const v6Bits = /^(.+)\/(12[0-8]|1[01]\d|[1-9]?\d)$/;

/** A network, such as 10.0.0.0/8 or fd00::/8 (RFC 4632, RFC 4291). */
export const Cidr = z
  .string()
  .max(64)
  .refine((text) => v4.test(text) || isV6(text), 'expected a network, such as 10.0.0.0/8 or fd00::/8')
  .meta({ id: 'Cidr' });
export type Cidr = string;

function isV6(text: string): boolean {
  const address = v6Bits.exec(text)?.[1];
  return address !== undefined && z.ipv6().safeParse(address).success;
}
