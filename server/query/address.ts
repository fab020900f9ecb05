import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

type Read = { readonly address: Address; readonly text: string } | undefined;

/** Distinct addresses whose forms are kept; a scan of many flows meets the same ones again. */
const KEPT = 16_384;
const known = new Map<string, Read>();

/** IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is its IPv4 address. `undefined` for what is no address. */
function readAddress(text: string): Address | undefined {
  // ipaddr.js also takes "10.1", octal and hex parts; what is written so is more likely a mistake.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

function readOnce(text: string): Read {
  const found = known.get(text);
  if (found !== undefined || known.has(text)) return found;
  if (known.size >= KEPT) known.clear();
  const address = readAddress(text);
  const read = address && { address, text: address.toString() };
  known.set(text, read);
  return read;
}

/** One text for each address, so that equal addresses are equal texts; `undefined` for what is none. */
export function canonicalAddress(text: string): string | undefined {
  return readOnce(text)?.text;
}

/**
 * Reads `10.0.0.0/8` or `fd00::/8`; bits beyond the prefix are cleared. A block inside `::ffff:0:0/96` is the
 * IPv4 block that it maps.
 */
export function readCidr(text: string): { address: string; bits: number } | undefined {
  const slash = text.lastIndexOf('/');
  const written = text.slice(0, slash);
  const digits = text.slice(slash + 1);
  if (slash < 0 || !/^\d{1,3}$/.test(digits)) return undefined;
  const address = readAddress(written);
  if (address === undefined) return undefined;
  const isMapped = address.kind() === 'ipv4' && written.includes(':');
  const bits = Number(digits) - (isMapped ? 96 : 0);
  if (bits < 0 || bits > (address.kind() === 'ipv4' ? 32 : 128)) return undefined;
  return { address: networkOf(address, bits), bits };
}

function networkOf(address: Address, bits: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff00 >> kept) & 0xff;
  });
  return ipaddr.fromByteArray(bytes).toString();
}

/** Whether an address lies in a block; IPv4 addresses lie in IPv4 blocks only, and IPv6 likewise. */
export function cidrTest(network: string, bits: number): (address: string) => boolean {
  const block = ipaddr.parse(network);
  return (text) => {
    const address = readOnce(text)?.address;
    if (address instanceof ipaddr.IPv4)
      return block instanceof ipaddr.IPv4 && address.match(block, bits);
    if (address instanceof ipaddr.IPv6)
      return block instanceof ipaddr.IPv6 && address.match(block, bits);
    return false;
  };
}
