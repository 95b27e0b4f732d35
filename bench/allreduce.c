// MPI's own all-reduce in a plain loop, in place, of float32: what allreduce.ts compares itself with. Arguments are pairs of
// bytes and repetitions; it prints the seconds of one call for each, the least of a few rounds. The memory lies on huge pages,
// as that of tensors does: on small ones the same call takes up to twice the time.
#define _GNU_SOURCE
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int i = 1; i + 1 < argc; i += 2) {
    const size_t bytes = strtoull(argv[i], NULL, 10);
    const int times = atoi(argv[i + 1]), count = (int)(bytes / sizeof(float));
    const size_t held = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    float* data = aligned_alloc(HUGE_PAGE, held);
#ifdef MADV_HUGEPAGE
    madvise(data, held, MADV_HUGEPAGE);
#endif
    memset(data, 0, bytes);
    double best = 1e9;
    for (int round = 0; round < 30; round++) {
      MPI_Barrier(MPI_COMM_WORLD);
      const double start = MPI_Wtime();
      for (int k = 0; k < times; k++) MPI_Allreduce(MPI_IN_PLACE, data, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
      const double each = (MPI_Wtime() - start) / times;
      if (each < best) best = each;
    }
    if (rank == 0) printf("%zu %.9f\n", bytes, best);
    free(data);
  }
  MPI_Finalize();
  return 0;
}
