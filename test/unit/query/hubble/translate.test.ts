import { describe, expect, test } from 'vitest';
import { quoteWord, splitCommand } from '../../../../server/query/hubble/command-words.ts';
import { fromHubble } from '../../../../server/query/hubble/from-hubble.ts';
import { toHubble } from '../../../../server/query/hubble/to-hubble.ts';

describe('a pasted line', () => {
  test.each([
    ['hubble observe --label "k8s-app in (a, b)"', 'k8s-app=a,b'],
    ['$ kubectl exec -n kube-system ds/cilium -- hubble observe -n shop', 'ns:shop'],
    ['hubble observe flows --verdict=DROPPED \\\n  -tdrop -o json', 'verdict:dropped event:drop'],
    ['hubble --server localhost:4245 observe -Af --pod web', 'pod:web*'],
    ['--port 53', 'port:53'],
    ['hubble observe', ''],
    ['hubble observe --port 53 | jq .flow', 'port:53'],
    [
      'hubble observe --namespace shop --port 80',
      'from.port:80 from.ns:shop OR to.port:80 to.ns:shop',
    ],
    ['hubble observe --node-name default/n1', 'node:n1 -node:*/*'],
    [
      'hubble observe --drop-reason-desc DROP_REASON_UNKNOWN',
      'reason:DROP_REASON_UNKNOWN,L7_DENIED',
    ],
    ['hubble observe --service web', 'svc:default/web*'],
    ['hubble observe --http-method get --http-url /orders', 'l7.method:GET l7.path:/\\/orders/'],
  ])('%s is %s', (line, q) => {
    const answer = fromHubble(line);
    expect(answer).toMatchObject({ ok: true, q });
  });

  test.each([
    ['hubble observe --since 5m', '5m'],
    ['hubble observe --since 1h30m --follow', '90m'],
    ['hubble observe --since 2h --until 1h', 'now-2h..now-1h'],
    ['hubble observe --since 2026-05-03T10+02:00', '2026-05-03T08:00:00Z..now'],
    ['hubble observe --until 2026-05-03', '1970-01-01T00:00:00Z..2026-05-03T00:00:00Z'],
    ['hubble observe --all', 'all'],
    ['hubble observe --last 20', undefined],
  ])('%s asks for the time %s', (line, t) => {
    expect(fromHubble(line)).toMatchObject({ ok: true, t });
  });

  test.each([
    ['hubble observe --verdcit DROPPED', '--verdcit', 'Did you mean --verdict?'],
    ['hubble observe --verdict dropped', '--verdict dropped', 'is no verdict'],
    ['hubble observe --port http', '--port http', 'is no port'],
    ['hubble observe --not --not --port 1', '--not', 'follow each other'],
    ['hubble observe --port 80 --not', '--not', 'stands before no flag'],
    ['hubble observe --port', '--port', 'nothing follows'],
    ['hubble observe --http-url "("', '--http-url "("', 'RE2'],
    ['hubble observe --type drop --http-status 404', '--http-status 404', 'not l7'],
    ['hubble observe --allowlist \'{"verdit":[]}\'', '--allowlist \'{"verdit":[]}\'', 'no field'],
    ['hubble observe --identity constructor', '--identity constructor', 'neither a number'],
    ['hubble observe --protocol constructor', '--protocol constructor', 'no protocol'],
    [`--allowlist '{"constructor":[1]}'`, `--allowlist '{"constructor":[1]}'`, 'no field'],
    ['hubble observe shop', 'shop', 'belongs to no flag'],
    ['hubble status', 'hubble', 'Only "hubble observe"'],
    ["hubble observe --pod 'a", "'a", 'not closed'],
  ])('%s is refused at %s', (line, place, why) => {
    const answer = fromHubble(line);
    if (answer.ok) throw new Error(answer.q);
    expect(answer.error.message).toContain(why);
    expect(line.slice(answer.error.from, answer.error.to)).toBe(place);
  });

  test('a part that cannot be said is left out, where that finds more', () => {
    expect(fromHubble('--tcp-flags SYN --verdict DROPPED')).toMatchObject({
      q: 'verdict:dropped',
      notes: [{ about: 'flows', from: 0, to: 15 }],
    });
    expect(fromHubble('--not --tcp-flags SYN --not --verdict DROPPED --port 1')).toMatchObject({
      q: 'port:1',
      notes: [{ message: expect.stringContaining('exclusion') as string }],
    });
    expect(fromHubble('--verdict DROPPED --allowlist \'{"reply":[true]}\'')).toMatchObject({
      q: '',
    });
  });
});

test.each(['a b', "it's", '', '{"a":["b"]}', '!app', '$x `y`', 'a\\b', '*'])(
  'the word %j is read as it was written',
  (text) => {
    expect(splitCommand(quoteWord(text))).toMatchObject({ ok: true, words: [{ text }] });
  },
);

describe('a command for a query', () => {
  test.each([
    ['verdict:dropped to.ns:shop', '--verdict DROPPED --to-namespace shop'],
    ['-ns:shop', '--not --namespace shop'],
    ['app!=web', "--from-label 'app!=web' --to-label 'app!=web'"],
    ['from.ns:a from.pod:b*', '--from-pod a/b'],
    ['from.ns:a from.ip:10.0.0.1', `--allowlist '{"source_ip":["10.0.0.1"],"source_pod":["a/"]}'`],
    ['dir:unknown', `--allowlist '{"traffic_direction":["TRAFFIC_DIRECTION_UNKNOWN"]}'`],
    ['l7.status:404,500..599', '--http-status 404 --http-status 5+'],
    [
      'to.is:external',
      '--to-label reserved:world --to-label reserved:world-ipv4 --to-label reserved:world-ipv6',
    ],
  ])('%s is %s', (q, flags) => {
    expect(toHubble(q)).toEqual({ ok: true, command: `hubble observe ${flags}` });
  });

  test.each([
    ['pod:web', 'pod:web'],
    ['ns:a (port:1 OR -wl:b)', '-wl:b'],
    ['ns:a checkout', 'checkout'],
    ['verdict:dropped policy:x', 'policy:x'],
    ['l7.path:/a/ ns:a', 'l7.path:/a/'],
    ['event:trace l7.status:404', 'l7.status:404'],
    ['node:web-*', 'node:web-*'],
    ['port:1024..', 'port:>=1024'],
    ['fqdn:*.example.com', 'fqdn:*.example.com'],
    ['cluster:east is:host', 'cluster:east'],
    ['reason:DROP_REASON_UNKNOWN', 'reason:DROP_REASON_UNKNOWN'],
    ['to.ns:a to.ns:b', 'to.ns:a to.ns:b'],
    ['ns:a is:host', 'is:host'],
    ['-is:reply', 'is:reply'],
  ])('there is none for %s, because of %s', (query, term) => {
    const answer = toHubble(query);
    if (answer.ok) throw new Error(answer.command);
    expect(answer.q.slice(answer.from, answer.to)).toBe(term);
  });

  test.each([
    ['7d', false, '--since 168h'],
    ['15m', true, '--since 15m --follow'],
    ['now-2h..now-1h', true, '--since 2h --until 1h'],
    ['2026-05-03T10:00:00Z..now', false, '--since 2026-05-03T10:00:00.000000000Z'],
  ])('the time %s is written', (t, follow, flags) => {
    expect(toHubble('', { t, follow })).toEqual({ ok: true, command: `hubble observe ${flags}` });
  });
});
