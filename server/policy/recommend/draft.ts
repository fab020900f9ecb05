import type { Manifest } from '../../core/manifest.ts';
import type { EngineBuilder } from '../engine-builder.ts';
import type { Dataplane, Judged } from '../facts.ts';
import type { Family, Way } from '../form.ts';

/** A connection that was recorded and is to pass. `T` is what the caller knows it by. */
export type Wanted<T> = { readonly judged: Judged; readonly of: T };

export type RecommendOptions<T> = {
  /** Objects of the cluster: existing policies stay as they are. */
  readonly manifests: readonly Manifest[];
  /** Policies that isolate the pods in scope. */
  readonly isolating: readonly Manifest[];
  readonly wanted: readonly Wanted<T>[];
  /** Namespaces that policies are written for, and in which ways. */
  readonly namespaces: readonly string[];
  readonly ways: readonly Way[];
  readonly family: Family;
  readonly dataplane: Dataplane;
  readonly builder: EngineBuilder;
};

/** A rule as a manifest holds it. */
export type WrittenRule = { readonly rule: Readonly<Record<string, unknown>> };

export type DraftRule<T> = WrittenRule & { readonly for: readonly T[] };

/** A policy for the pods of one workload, with what each rule is there for. */
export type Draft<T> = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: Readonly<Record<Way, readonly DraftRule<T>[]>>;
  readonly manifest: Manifest;
};
