// Types of mpi-toolchain.mjs, for bench/allreduce.ts.
export interface Mpi {
  readonly mpicc: string;
  readonly mpirun: string;
  readonly open: boolean;
  readonly name: string;
}
export function findMpi(options?: { fetch?: boolean }): Mpi | null;
