import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { pem, type TestCertificate } from './tls.ts';

export type Pushed = { readonly status: number; readonly body: string };

/** Posts a body as Goldmane's emitter does; rejects where the connection is refused or cut. */
export async function push(
  address: string,
  body: Iterable<string>,
  tls: { readonly ca: string; readonly serverName: string; readonly client?: TestCertificate },
): Promise<Pushed> {
  const { client } = tls;
  const sent = request(`https://${address}/api/v1/flows/bulk`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/x-ndjson' },
    ca: pem(tls.ca),
    servername: tls.serverName,
    ...(client === undefined ? {} : { cert: pem(client.cert), key: pem(client.key) }),
  });
  const failed = new Promise<never>((_, reject) => sent.once('error', reject));
  failed.catch(() => undefined);
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  for (const text of body) {
    if (!sent.write(text)) await Promise.race([once(sent, 'drain'), failed, answered]);
  }
  sent.end();
  const [response] = await Promise.race([answered, failed]);
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response) text += String(part);
  return { status: response.statusCode ?? 0, body: text };
}
