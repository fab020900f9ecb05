import { readFileSync } from 'node:fs';
import { experimental, ServerCredentials, type Server } from '@grpc/grpc-js';
import { AppError } from '../core/errors.ts';

export type ObserverSettings = {
  /** `host:port`; port 0 picks a free one. */
  readonly address: string;
  /** Paths of PEM files; empty text where there is none. */
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
};

const ADDRESS = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^\s:/[\]]+)):(?<port>\d{1,5})$/i;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);
/** Certificates are renewed long before they end; connections that are open keep the one they have. */
const REREAD_MS = 60_000;

/** The host to listen on, or an AppError `bad-setting`: flows leave the machine only to who has a certificate. */
function hostOf({ address, cert, key, clientCa }: ObserverSettings): string {
  const { v6, name = v6, port } = ADDRESS.exec(address)?.groups ?? {};
  if (name === undefined || Number(port) > 65_535) {
    throw new AppError(
      'bad-setting',
      `observer: '${address}' is no host:port. Give for example 127.0.0.1:4245`,
    );
  }
  if ((cert === '') !== (key === '') || (cert === '' && clientCa !== '')) {
    throw new AppError(
      'bad-setting',
      'observer: a certificate needs its key, and clients are asked for theirs over TLS only: ' +
        'give --observer-tls-cert and --observer-tls-key together',
    );
  }
  if (!LOOPBACK.has(name) && clientCa === '') {
    throw new AppError(
      'bad-setting',
      `observer: '${address}' is not a loopback address. Give --observer-tls-cert, --observer-tls-key and ` +
        '--observer-tls-client-ca, so that only clients with a certificate of that CA are answered, or listen on 127.0.0.1',
    );
  }
  return name;
}

/** Starts to listen, and answers with the address. Throws an AppError `bad-setting` where that cannot be. */
export async function listen(server: Server, settings: ObserverSettings): Promise<string> {
  const host = hostOf(settings);
  const credentials = await credentialsOf(settings);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(settings.address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else {
        const why = `observer: '${settings.address}' cannot be listened on: ${error.message}`;
        reject(new AppError('bad-setting', why, { cause: error }));
      }
    });
  });
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function credentialsOf({
  cert,
  key,
  clientCa,
}: ObserverSettings): Promise<ServerCredentials> {
  if (cert === '') return ServerCredentials.createInsecure();
  for (const path of [cert, key, clientCa]) if (path !== '') refuseUnreadable(path);
  const files = new experimental.FileWatcherCertificateProvider({
    certificateFile: cert,
    privateKeyFile: key,
    ...(clientCa === '' ? {} : { caCertificateFile: clientCa }),
    refreshIntervalMs: REREAD_MS,
  });
  await firstRead(files);
  const clients = clientCa === '' ? null : files;
  return experimental.createCertificateProviderServerCredentials(files, clients, clients !== null);
}

/** Until the files are read, connections would be cut off without a word. */
function firstRead(files: experimental.FileWatcherCertificateProvider): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      files.removeIdentityCertificateListener(done);
      resolve();
    };
    files.addIdentityCertificateListener(done);
  });
}

/** What reads the files later has nobody to tell; a wrong path is told now. */
function refuseUnreadable(path: string): void {
  try {
    readFileSync(path);
  } catch (cause) {
    throw new AppError(
      'bad-setting',
      `observer: the file '${path}' cannot be read: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}
