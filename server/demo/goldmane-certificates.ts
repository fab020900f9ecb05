import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths of PEM files. */
export type DemoCertificates = {
  readonly ca: string;
  readonly server: DemoPair;
  readonly client: DemoPair;
};

export type DemoPair = { readonly cert: string; readonly key: string };

const YEAR_MS = 365 * 86_400_000;

/**
 * Makes an authority, a server certificate for `serverName` and a client certificate, as an operator does in a cluster.
 * Node reads certificates and makes none, and a demo must not need a program beside it, so the little of X.509 that
 * these need is written here.
 */
export async function writeDemoCertificates(
  directory: string,
  { serverName, nowMs }: { readonly serverName: string; readonly nowMs: number },
): Promise<DemoCertificates> {
  const authority = newPair();
  const issue = (subject: string, publicKey: KeyObject, extensions: readonly Buffer[]): Buffer =>
    certificate({ subject, publicKey, extensions, signer: authority.privateKey, nowMs });
  const save = async (name: string, pem: string): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, pem, { mode: 0o600 });
    return path;
  };
  const pairOf = async (
    name: string,
    subject: string,
    extensions: readonly Buffer[],
  ): Promise<DemoPair> => {
    const { publicKey, privateKey } = newPair();
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return {
      cert: await save(`${name}.crt`, pemOf(issue(subject, publicKey, extensions))),
      key: await save(`${name}.key`, key),
    };
  };
  const isAuthority = extension('551d13', sequence(Buffer.from('0101ff', 'hex')));
  const name = extension('551d11', sequence(tagged(0x82, Buffer.from(serverName))));
  return {
    ca: await save('ca.crt', pemOf(issue(AUTHORITY, authority.publicKey, [isAuthority]))),
    server: await pairOf('server', serverName, [name]),
    client: await pairOf('client', 'dropwise-demo', []),
  };
}

const AUTHORITY = 'Dropwise demo authority';

const newPair = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pemOf = (der: Buffer): string => {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
};

/** A value with its tag and its length, as DER writes everything. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts);
const objectId = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
/** The first byte counts unused bits. */
const bitString = (bytes: Buffer): Buffer => tagged(0x03, Buffer.of(0), bytes);
const extension = (id: string, value: Buffer): Buffer =>
  sequence(objectId(id), tagged(0x04, value));
const commonName = (text: string): Buffer =>
  sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(text)))));
/** `20260203T040506Z` in the form with two digits of the year, which is good until 2049. */
const utcTime = (ms: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));

const ECDSA_WITH_SHA256 = sequence(objectId('2a8648ce3d040302'));

function certificate(parts: {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
  readonly nowMs: number;
}): Buffer {
  const { subject, publicKey, extensions, signer, nowMs } = parts;
  // Positive, and not empty at its beginning.
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(8)]);
  const signed = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, serial),
    ECDSA_WITH_SHA256,
    commonName(AUTHORITY),
    sequence(utcTime(nowMs - 86_400_000), utcTime(nowMs + YEAR_MS)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [tagged(0xa3, sequence(...extensions))]),
  );
  return sequence(signed, ECDSA_WITH_SHA256, bitString(sign('sha256', signed, signer)));
}
