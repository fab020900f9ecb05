import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { AppError } from '../../core/errors.ts';
import { nanosFromMillis, type EpochNanos } from '../../core/time.ts';

/** Paths of PEM files; read at each connect and when they change, since certificates are renewed in place. */
export type GrpcTls = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name to expect in the server's certificate, where it is not the host of the address. */
  readonly serverName?: string | undefined;
};

export type LoadedTls = {
  readonly credentials: ChannelCredentials;
  /** Hash of what the files held; empty without TLS. */
  readonly fingerprint: string;
  /** Of the client certificate; `undefined` where there is none. */
  readonly expiresAt: EpochNanos | undefined;
};

type Pems = {
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
};

/** Reads the files. Throws an AppError `source-failed` that names the file, and nothing of what is in it. */
export async function loadTls(tls: GrpcTls | undefined): Promise<LoadedTls> {
  if (tls === undefined) {
    return { credentials: credentials.createInsecure(), fingerprint: '', expiresAt: undefined };
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new AppError(
      'source-failed',
      'a client certificate and its key go together; one is missing',
    );
  }
  const pems = await readPems(tls);
  try {
    return {
      credentials: credentials.createSsl(pems.ca, pems.key, pems.cert),
      fingerprint: fingerprintOf(pems),
      expiresAt: pems.cert === null ? undefined : expiryOf(pems.cert),
    };
  } catch (cause) {
    throw new AppError('source-failed', `the TLS files cannot be used: ${String(cause)}`, {
      cause,
    });
  }
}

/** What `loadTls` would answer as fingerprint now. */
export async function tlsFingerprint(tls: GrpcTls): Promise<string> {
  return fingerprintOf(await readPems(tls));
}

const expiryOf = (cert: Buffer): EpochNanos =>
  nanosFromMillis(Date.parse(new X509Certificate(cert).validTo));

function fingerprintOf(pems: Pems): string {
  const hash = createHash('sha256');
  for (const pem of [pems.ca, pems.cert, pems.key]) {
    hash.update(`${pem?.length ?? -1} `).update(pem ?? '');
  }
  return hash.digest('hex');
}

async function readPems({ ca, cert, key }: GrpcTls): Promise<Pems> {
  const [caPem, certPem, keyPem] = await Promise.all([readPem(ca), readPem(cert), readPem(key)]);
  return { ca: caPem, cert: certPem, key: keyPem };
}

async function readPem(path: string | undefined): Promise<Buffer | null> {
  if (path === undefined) return null;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AppError('source-failed', `the TLS file ${path} cannot be read: ${String(cause)}`, {
      cause,
    });
  }
}
