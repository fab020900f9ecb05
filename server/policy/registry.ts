import { ciliumRules } from './dataplanes/cilium.ts';
import { calicoRules } from './dataplanes/calico.ts';
import { kubernetesRules } from './dataplanes/kubernetes.ts';
import { azureNpmRules } from './dataplanes/azure-npm.ts';
import { adminDialect } from './dialects/admin.ts';
import { calicoDialect } from './dialects/calico.ts';
import { ciliumDialect } from './dialects/cilium.ts';
import { kubernetesDialect } from './dialects/kubernetes.ts';
import type { Dataplane } from './facts.ts';
import type { DataplaneRules, Family, PolicyDialect } from './form.ts';

export const DIALECTS: Readonly<Record<Family, PolicyDialect>> = {
  k8s: kubernetesDialect,
  npapi: adminDialect,
  cilium: ciliumDialect,
  calico: calicoDialect,
};

export const DATAPLANES: Readonly<Record<Dataplane, DataplaneRules>> = {
  kubernetes: kubernetesRules,
  cilium: ciliumRules,
  calico: calicoRules,
  'azure-npm': azureNpmRules,
};
