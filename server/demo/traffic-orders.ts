import {
  allow,
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
import { EAST } from './inventory.ts';
import { DROP } from './wire-message.ts';

const orders = (name: string): Decision => allow(ciliumPolicy(`orders/${name}`));
const ordersDns = inspect(ciliumPolicy('orders/allow-dns'));
const ordersApi = inspect(ciliumPolicy('orders/api'));
const inventory = inspect(ciliumPolicy('orders/inventory'));
const ORDER_NAMES = ['kafka.orders.svc.cluster.local', 'orders-db.orders.svc.cluster.local'];

const STOCK_CALLS = [
  { method: 'GET', path: '/stock/*', status: 200, share: 9 },
  { method: 'POST', path: '/reserve', status: 201, share: 3 },
  { method: 'POST', path: '/reserve', status: 409, share: 0.4 },
] as const;

/** Order services: HTTP and DNS rules, so their traffic goes through the L7 proxy. */
export const ORDERS_TRAFFIC: readonly Edge[] = [
  tcp('shop/checkout', 'orders/api', 8080, 16, {
    egress: allow(networkPolicy('shop/checkout')),
    ingress: ordersApi,
    http: [
      { method: 'POST', path: '/v1/orders', status: 201, share: 8 },
      { method: 'GET', path: '/v1/orders/*', status: 200, share: 10 },
      { method: 'DELETE', path: '/v1/orders/*', status: 403, share: 1 },
    ],
  }),
  tcp('ingress-nginx/controller', 'orders/api', 8080, 12, {
    ingress: ordersApi,
    http: [
      { method: 'GET', path: '/v1/orders/*', status: 200, share: 12 },
      { method: 'GET', path: '/v1/orders/*', status: 503, share: 0.2 },
      { method: 'GET', path: '/admin', status: 403, share: 0.8 },
    ],
  }),
  tcp('orders/api', 'orders/inventory', 8080, 14, {
    egress: orders('api'),
    ingress: inventory,
    http: STOCK_CALLS,
  }),
  tcp('orders/worker', 'orders/inventory', 8080, 8, {
    egress: orders('worker'),
    ingress: inventory,
    http: STOCK_CALLS,
  }),
  tcp('orders/api', 'orders/kafka', 9092, 16, { egress: orders('api'), ingress: orders('kafka') }),
  tcp('orders/worker', 'orders/kafka', 9092, 22, {
    egress: orders('worker'),
    ingress: orders('kafka'),
  }),
  tcp('orders/reports', 'orders/kafka', 9092, 4, {
    egress: orders('reports'),
    ingress: orders('kafka'),
  }),
  tcp('orders/api', 'orders/orders-db', 5432, 14, {
    egress: orders('api'),
    ingress: orders('orders-db'),
  }),
  tcp('orders/worker', 'orders/orders-db', 5432, 10, {
    egress: orders('worker'),
    ingress: orders('orders-db'),
  }),
  tcp('orders/inventory', 'orders/orders-db', 5432, 10, {
    egress: orders('inventory'),
    ingress: orders('orders-db'),
  }),
  tcp('orders/worker', 'orders/notifier', 8080, 8, {
    egress: orders('worker'),
    ingress: orders('notifier'),
  }),
  tcp('orders/api', 'auth/tokens', 8080, 10, {
    egress: orders('api'),
    ingress: allow(networkPolicy('auth/tokens')),
  }),
  lookUp('orders/api', 7, ORDER_NAMES, { egress: ordersDns }),
  lookUp('orders/worker', 6, ORDER_NAMES, { egress: ordersDns }),
  lookUp('orders/notifier', 6, ['api.example.com', 'hooks.example.net', 'tracking.example.org'], {
    egress: ordersDns,
  }),
  tcp('orders/notifier', 'world/mail-api', 443, 8, { egress: orders('notifier') }),
  tcp('orders/notifier', 'world/webhooks', 443, 5, { egress: orders('notifier') }),

  tcp('orders/notifier', 'world/tracker', 443, 3.6, { egress: DEFAULT_DENY }),
  tcp('orders/reports', 'orders/orders-db', 5432, 4, {
    egress: orders('reports'),
    ingress: DEFAULT_DENY,
  }),
  tcp('orders/worker', 'orders/inventory', 80, 2.8, {
    fault: { reason: DROP.backendNotFound, at: 'source', service: 'search' },
  }),
];

const payment = (name: string): Decision => allow(ciliumPolicy(`payment/${name}`));
const paymentDns = inspect(ciliumPolicy('payment/gateway'));

/** Card data: explicit deny rules around it, and mutual authentication before the vault. */
export const PAYMENT_TRAFFIC: readonly Edge[] = [
  tcp('shop/payments', 'payment/gateway', 8443, 12, {
    egress: allow(networkPolicy('shop/payments')),
    ingress: payment('gateway'),
  }),
  tcp('payment/gateway', 'payment/vault', 8200, 9, {
    egress: payment('gateway'),
    ingress: { kind: 'authenticate', by: ciliumPolicy('payment/vault'), match: 2 },
  }),
  tcp('payment/gateway', 'payment/ledger', 8080, 11, {
    egress: payment('gateway'),
    ingress: payment('ledger'),
  }),
  tcp('payment/ledger', 'payment/ledger-db', 5432, 10, {
    egress: payment('ledger'),
    ingress: payment('ledger-db'),
  }),
  lookUp('payment/gateway', 4, ['acquirer.example.com', 'vault.payment.svc.cluster.local'], {
    egress: paymentDns,
  }),
  tcp('payment/gateway', 'world/acquirer', 443, 9, { egress: payment('gateway') }),

  tcp('payment/vault', 'world/time-server', 443, 2.8, {
    egress: deny(ciliumPolicy('payment/vault')),
  }),
];

/** Namespaces whose pods the cluster-wide scrape policy selects; elsewhere scrapes meet no policy. */
const SCRAPE_POLICY_NAMESPACES = new Set(['shop', 'orders', 'payment', 'auth', 'staging']);
const scrape = allow(clusterwidePolicy('allow-metrics-scrape'));

const grafanaIngress = allow(networkPolicy('monitoring/grafana-ingress'));

const SCRAPES: readonly Edge[] = EAST.filter(
  ({ kind, name }) => kind !== 'CronJob' && name !== 'prometheus',
).map(({ namespace, name }) => {
  const ingress = SCRAPE_POLICY_NAMESPACES.has(namespace)
    ? { ingress: scrape }
    : name === 'grafana'
      ? { ingress: grafanaIngress }
      : {};
  return tcp('monitoring/prometheus', `${namespace}/${name}`, 9102, 1.6, ingress);
});

/** Ingress, monitoring and what the cluster itself does. */
export const PLATFORM_TRAFFIC: readonly Edge[] = [
  ...SCRAPES,
  tcp('world/visitors', 'ingress-nginx/controller', 443, 70),
  tcp('world/visitors-ipv6', 'ingress-nginx/controller', 443, 12),
  tcp('ingress-nginx/controller', 'ingress-nginx/default-backend', 8080, 3),
  tcp('ingress-nginx/controller', 'monitoring/grafana', 3000, 4, { ingress: grafanaIngress }),
  tcp('monitoring/grafana', 'monitoring/prometheus', 9090, 6, {
    ingress: allow(networkPolicy('monitoring/prometheus-ingress')),
  }),
  tcp('monitoring/prometheus', 'monitoring/alertmanager', 9093, 2),
  tcp('kube-system/hubble-ui', 'kube-system/hubble-relay', 4245, 1),
  lookUp('ingress-nginx/controller', 6, [
    'frontend.shop.svc.cluster.local',
    'api.orders.svc.cluster.local',
  ]),
  lookUp('monitoring/prometheus', 4, ['grafana.monitoring.svc.cluster.local']),
  ping('host/nodes', 'host/health', 6),

  tcp('world/health-checker', 'shop/frontend', 8080, 2.4, {
    fault: { reason: DROP.staleOrUnroutable, at: 'destination' },
  }),
  tcp('host/nodes', 'ingress-nginx/controller', 0, 2.4, {
    fault: { reason: DROP.unsupportedL3, at: 'destination' },
  }),
];
