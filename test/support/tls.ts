import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key pair signed by the test CA, as paths of PEM files. */
export type TestCertificate = { readonly cert: string; readonly key: string };

export type TestCa = Disposable & {
  readonly ca: string;
  /** Signs a certificate for DNS names; with `days` 0 it has expired when it is used. */
  readonly issue: (name: string, options?: { readonly days?: number }) => TestCertificate;
};

/** Makes a certificate authority in a folder of its own, which goes away with it. Needs `openssl`. */
export function createTestCa(): TestCa {
  const folder = mkdtempSync(join(tmpdir(), 'dropwise-ca-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const caArgs = ['-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2'];
  openssl('req', ...caArgs, '-subj', '/CN=Dropwise test CA');
  let issued = 0;
  return {
    ca: at('ca.crt'),
    issue: (name, { days = 1 } = {}) => {
      const id = `leaf-${++issued}`;
      writeFileSync(at(`${id}.ext`), `subjectAltName=DNS:${name}\n`);
      const request = [...newKey, '-keyout', `${id}.key`, '-out', `${id}.csr`];
      openssl('req', ...request, '-subj', `/CN=${name}`);
      const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
      const files = ['-in', `${id}.csr`, '-out', `${id}.crt`, '-extfile', `${id}.ext`];
      openssl('x509', '-req', ...files, ...signing, '-days', String(days));
      return { cert: at(`${id}.crt`), key: at(`${id}.key`) };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const pem = (path: string): Buffer => readFileSync(path);
