/** Whether an address is one of a group, or of everybody on the link. */
export function isMulticast(ip: string): boolean {
  if (ip.includes(':')) return /^ff[0-9a-f]{2}:/i.test(ip);
  const first = Number(ip.split('.')[0]);
  return ip === '255.255.255.255' || (ip !== '' && first >= 224 && first <= 239);
}

/** Whether an address means something on its own link only. */
export const isLinkLocal = (ip: string): boolean =>
  /^fe[89ab][0-9a-f]:/i.test(ip) || ip.startsWith('169.254.');
