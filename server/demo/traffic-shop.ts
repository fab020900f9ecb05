import {
  allow,
  AUDIT,
  ciliumPolicy,
  clusterwidePolicy,
  DEFAULT_DENY,
  deny,
  inspect,
  lookUp,
  networkPolicy,
  ping,
  tcp,
  type Decision,
  type Edge,
} from './edge.ts';
import { DROP } from './wire-message.ts';

const shop = (name: string): Decision => allow(networkPolicy(`shop/${name}`));
const catalog = inspect(ciliumPolicy('shop/catalog-api'));
const auth = (name: string): Decision => allow(networkPolicy(`auth/${name}`));

const CATALOG_CALLS = [
  { method: 'GET', path: '/products', status: 200, share: 6 },
  { method: 'GET', path: '/products/*', status: 200, share: 12 },
  { method: 'GET', path: '/products/*', status: 404, share: 1 },
] as const;

const SHOP_NAMES = [
  'cart.shop.svc.cluster.local',
  'catalog.shop.svc.cluster.local',
  'redis.shop.svc.cluster.local',
  'api.orders.svc.cluster.local',
];

/** The shop in three tiers, and who signs in. */
export const SHOP_TRAFFIC: readonly Edge[] = [
  tcp('ingress-nginx/controller', 'shop/frontend', 8080, 90, { ingress: shop('frontend') }),
  tcp('shop/frontend', 'shop/cart', 8080, 50, { egress: shop('frontend'), ingress: shop('cart') }),
  tcp('shop/frontend', 'shop/checkout', 8080, 24, {
    egress: shop('frontend'),
    ingress: shop('checkout'),
  }),
  tcp('shop/frontend', 'shop/recommendations', 8080, 30, {
    egress: shop('frontend'),
    ingress: shop('recommendations'),
  }),
  tcp('shop/frontend', 'shop/ads', 8080, 18, { egress: shop('frontend'), ingress: shop('ads') }),
  tcp('shop/frontend', 'shop/catalog', 8080, 55, {
    egress: shop('frontend'),
    ingress: catalog,
    http: CATALOG_CALLS,
  }),
  tcp('shop/recommendations', 'shop/catalog', 8080, 20, {
    egress: shop('recommendations'),
    ingress: catalog,
    http: CATALOG_CALLS,
  }),
  tcp('shop/checkout', 'shop/cart', 8080, 16, { egress: shop('checkout'), ingress: shop('cart') }),
  tcp('shop/cart', 'shop/redis', 6379, 60, {
    egress: shop('cart'),
    ingress: shop('redis-ingress'),
  }),
  tcp('shop/checkout', 'shop/redis', 6379, 26, {
    egress: shop('checkout'),
    ingress: shop('redis-ingress'),
    during: { incident: 'redis-cut', side: 'ingress', decision: DEFAULT_DENY, factor: 1 },
  }),
  tcp('shop/catalog', 'shop/postgres', 5432, 26, {
    egress: allow(ciliumPolicy('shop/catalog-api')),
    ingress: shop('postgres-ingress'),
  }),
  tcp('shop/checkout', 'shop/payments', 8080, 12, {
    egress: shop('checkout'),
    ingress: shop('payments'),
  }),
  lookUp('shop/frontend', 16, SHOP_NAMES, { egress: shop('allow-dns') }),
  lookUp('shop/checkout', 12, SHOP_NAMES, { egress: shop('allow-dns') }),
  lookUp('shop/ads', 3, ['ads.example.org'], { egress: shop('allow-dns') }),
  tcp('shop/frontend', 'auth/login', 8443, 14, {
    egress: shop('frontend'),
    ingress: auth('login'),
  }),
  tcp('ingress-nginx/controller', 'auth/login', 8443, 10, { ingress: auth('login') }),
  tcp('auth/login', 'auth/tokens', 8080, 16, { egress: auth('login'), ingress: auth('tokens') }),
  tcp('auth/login', 'auth/users-db', 5432, 12, {
    egress: auth('login'),
    ingress: auth('users-db'),
  }),
  tcp('auth/tokens', 'auth/users-db', 5432, 8, {
    egress: auth('tokens'),
    ingress: auth('users-db'),
  }),
  lookUp('auth/login', 5, ['tokens.auth.svc.cluster.local', 'users-db.auth.svc.cluster.local'], {
    egress: auth('allow-dns'),
  }),

  // What goes wrong all day.
  tcp('shop/frontend', 'shop/postgres', 5432, 4, { egress: DEFAULT_DENY }),
  tcp('shop/ads', 'world/ad-server', 443, 6.4, { egress: DEFAULT_DENY }),
  ping('shop/frontend', 'shop/redis', 2.4, { egress: DEFAULT_DENY }),
  tcp('staging/web', 'shop/catalog', 8080, 3.2, { ingress: DEFAULT_DENY }),
  tcp('batch/cleanup', 'shop/redis', 6379, 2.8, {
    egress: allow(ciliumPolicy('batch/jobs')),
    ingress: DEFAULT_DENY,
  }),
  tcp('monitoring/grafana', 'auth/users-db', 5432, 2.8, { ingress: DEFAULT_DENY }),
  tcp('shop/frontend', 'shop/catalog', 8080, 3.2, {
    fault: { reason: DROP.ctMapInsertionFailed, at: 'source' },
  }),
];

/** Staging runs in policy audit mode: what its policies would drop passes, and is told. */
export const STAGING_TRAFFIC: readonly Edge[] = [
  tcp('staging/web', 'staging/api', 8080, 8, {
    ingress: allow(networkPolicy('staging/api-ingress')),
  }),
  tcp('staging/api', 'staging/db', 5432, 7, {
    ingress: allow(networkPolicy('staging/db-ingress')),
  }),
  tcp('staging/worker', 'staging/api', 8080, 4, { ingress: AUDIT }),
  tcp('staging/web', 'staging/db', 5432, 2, { ingress: AUDIT }),
  lookUp('staging/web', 3, ['api.staging.svc.cluster.local']),
];

const jobs = allow(ciliumPolicy('batch/jobs'));
const jobDns = inspect(ciliumPolicy('batch/jobs'));
const EVERY_TWO_MINUTES = { everySeconds: 120, forSeconds: 45 };

const dnsOutage = (factor: number): Pick<Edge, 'during'> => ({
  during: { incident: 'batch-dns', side: 'egress', decision: DEFAULT_DENY, factor },
});

/** Jobs that wake up every two minutes; without DNS they try again and again. */
export const BATCH_TRAFFIC: readonly Edge[] = [
  lookUp('batch/nightly-report', 14, ['postgres.shop.svc.cluster.local'], {
    egress: jobDns,
    rhythm: { ...EVERY_TWO_MINUTES, phaseSeconds: 0 },
    ...dnsOutage(1.5),
  }),
  lookUp('batch/data-export', 10, ['backup.example.net'], {
    egress: jobDns,
    rhythm: { ...EVERY_TWO_MINUTES, phaseSeconds: 20 },
    ...dnsOutage(1.5),
  }),
  tcp('batch/nightly-report', 'shop/postgres', 5432, 16, {
    egress: jobs,
    ingress: allow(networkPolicy('shop/postgres-ingress')),
    rhythm: { ...EVERY_TWO_MINUTES, phaseSeconds: 0 },
    during: { incident: 'batch-dns', side: 'egress', decision: jobs, factor: 0 },
  }),
  tcp('batch/data-export', 'world/backup', 443, 14, {
    egress: jobs,
    rhythm: { ...EVERY_TWO_MINUTES, phaseSeconds: 20 },
    during: { incident: 'batch-dns', side: 'egress', decision: jobs, factor: 0 },
  }),
  tcp('batch/image-resize', 'world/images', 443, 18, {
    egress: jobs,
    rhythm: { ...EVERY_TWO_MINUTES, phaseSeconds: 60 },
  }),
  tcp('batch/data-export', 'payment/ledger-db', 5432, 8, {
    egress: jobs,
    ingress: deny(clusterwidePolicy('pci-isolation')),
    rhythm: { ...EVERY_TWO_MINUTES, phaseSeconds: 20 },
  }),
  tcp('batch/cleanup', 'world/metadata', 80, 2.4, {
    egress: deny(clusterwidePolicy('block-cloud-metadata'), 1),
  }),
];
