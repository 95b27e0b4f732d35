// The types of public-names.mjs, which runs as it stands.
export interface Found {
  readonly path: string;
  readonly key: string;
  readonly name: string;
  readonly value: unknown;
}
export function namesIn(library: object): Found[];
