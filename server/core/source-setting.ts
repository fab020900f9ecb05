/** One source to read, whichever way it was configured. */
export type SourceSetting =
  | {
      readonly kind: 'hubble-relay';
      readonly name?: string | undefined;
      /** `host:port` of a relay or an agent, or `unix:` and the path of an agent's socket. */
      readonly address: string;
      /** Paths of PEM files; absent means no TLS. */
      readonly tls?: TlsSetting | undefined;
      /** Newest flows of each node to take at the first start. */
      readonly backlog?: number | undefined;
    }
  | FileSetting<'hubble-file'>
  | FileSetting<'calico-file'>
  | {
      readonly kind: 'goldmane';
      readonly name?: string | undefined;
      /** `host:port`. */
      readonly address: string;
      readonly tls?: TlsSetting | undefined;
    }
  | {
      readonly kind: 'goldmane-push';
      readonly name?: string | undefined;
      /** `host:port` to listen on. */
      readonly listen: string;
      readonly tls: PushTlsSetting;
    };

/** Paths of PEM files of a server that takes flows only from clients with a certificate of `clientCa`. */
export type PushTlsSetting = {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string;
};

export type TlsSetting = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name to expect in the server's certificate, where it is not the host of the address. */
  readonly serverName?: string | undefined;
};

type FileSetting<Kind extends string> = {
  readonly kind: Kind;
  readonly name?: string | undefined;
  /** A path, or a glob: then all files that match are read, those that come later too. */
  readonly path: string;
  /** Reporting node, for files that do not say. */
  readonly node?: string | undefined;
};
