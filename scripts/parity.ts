// Makes docs/parity.md: which of PyTorch's public names (test/oracle/names.json) are here, absent, or out of scope and why.
// `npm run parity` writes it; with --check it only says whether the page is up to date. Also run by test/parity.test.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as torch from '../lib/index.ts';

const stored = JSON.parse(
  readFileSync(new URL('../test/oracle/names.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

/** PyTorch's name in ours: API.md, rule 1. */
export const camel = (name: string): string => name.replace(/(?<=[A-Za-z0-9])_([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase());

/** Names that have another form in JavaScript. */
const RENAMED: Readonly<Record<string, string>> = {
  'torch.bool': 'bool',
  'Tensor.numpy': 'toTypedArray',
  'Tensor.half': 'half',
  'optim.lr_scheduler.LRScheduler': 'LRScheduler',
};
/** What is out of scope, by reason; the patterns match `namespace.name`. */
const OUT: readonly (readonly [reason: string, pattern: RegExp])[] = [
  ['complex numbers', /^linalg\.eig(vals)?$|\.(c(double|float|half)|chalf|complex\d*|polar|real|imag|conj.*|resolve_(conj|neg)|view_as_(complex|real)|is_(complex|conj|neg)|istft|stft|Complex\w+|H|adjoint|mH)$/],
  ['sparse tensors', /sparse|\.(coalesce|is_coalesced|(ccol|col|crow|row)_indices|indices|values|dense_dim|smm|sspaddmm|hspmm|to_dense)$/i],
  ['quantization', /quant|\.(q_\w+|qscheme|qint\d+|quint\w+|int_repr|choose_qparams|fused_moving\w+)$/i],
  ['dtypes of less than a byte, unsigned ones and float8', /\.(bit|bits\w+|u?int[1-7]|uint(16|32|64)|float(4|8)_\w+)$/],
  ['TorchScript, compilers and graph capture', /\.(compile|cond|fork|wait|import_ir\w*|parse_\w+|merge_type\w*|unify_type_list|functionalize|debug_unwrap|graph\w*|CUDAGraph|make_graphed_callables|is_current_stream_capturing|while_loop)$/],
  ['views that copy, for compilers', /\.\w+_copy$/],
  ['other devices', /\.(ipu|xpu|mtia|mps|vulkan|is_(ipu|xpu|mtia|mps|maia|vulkan|xla|mkldnn|meta)|to_mkldnn|has_mkl|has_openmp|has_lapack|has_spectral|has_magma|has_half)$/],
  ['storages as objects of their own', /\.(\w*[sS]torage|storage_type|set_|is_set_to|share_memory_?|is_shared|data_ptr_?|const_data_ptr|untyped_storage|from_file|is_storage)$/],
  ['data pipes', /(DataPipe|DataChunk|datapipe|argument_validation|runtime_validation|non_deterministic)/],
  ['several processes: see torch.distributed', /(DistributedSampler|is_distributed|DataParallel|SyncBatchNorm)/],
  ['stores, rendezvous and engines other than MPI and NCCL', /^distributed\.(.*Store|.*Options|ProcessGroup(Gloo|NCCL)|Backend\w*|BuiltinCommHookType|GradBucket|GroupName|Logger|QueueEmptyError|RankType|Reducer|Dist(Network|Store|QueueEmpty)Error|rendezvous|register_rendezvous_handler|is_(ucc|xccl|torchelastic)\w*|reduce_op|\w*_coalesced|supports_complex|record_comm|shrink_group|breakpoint|get_backend_config|get_default_backend_for_device|set_debug_level_from_env|default_pg_timeout|get_pg_count)$/],
  ['removed or without use in PyTorch itself', /\.(volatile|eig|symeig|solve|lstsq|reinforce|resize|resize_as|name|as_subclass|module_load|set_warn_always|is_warn_always_enabled|typename|thread_safe_generator|init_num_threads|output_nr|retains_grad_|conv_tbc|hash_tensor|NestedIOFunction|Variable|variable|enforce_grad_layout_policy|set_multithreading_enabled|DeferredCudaCallError|cudart|cudaStatus|check_error|max_memory_cached|memory_cached|reset_max_memory_cached|reset_max_memory_allocated|multihead_attn_\w+)$/],
  ['random access by Python callables', /\.(apply_|map_|map2_)$/],
];

const get = (from: unknown, key: string): unknown =>
  (typeof from === 'object' || typeof from === 'function') && from !== null && key in from
    ? (from as Record<string, unknown>)[key]
    : undefined;
/** What holds the names of a namespace of PyTorch. */
function holder(namespace: string): unknown {
  if (namespace === 'Tensor') return torch.Tensor.prototype;
  if (namespace === 'nn.Module') return torch.nn.Module.prototype;
  return namespace === 'torch' ? torch : namespace.split('.').reduce<unknown>((at, part) => get(at, camel(part)), torch);
}
/** Attributes that instances have, and prototypes do not. */
const ATTRIBUTES = /^(Tensor\.(shape|dtype|grad|data|layout)|nn\.Module\.(training|T_destination|call_super_init|dump_patches))$/;

function standing(namespace: string, name: string): 'present' | 'absent' | string {
  const full = `${namespace}.${name}`;
  const where = holder(namespace);
  const ours = RENAMED[full] ?? camel(name);
  const there = typeof where === 'object' || typeof where === 'function' ? where !== null && ours in where : false;
  if (there || ATTRIBUTES.test(full)) return 'present';
  return OUT.find(([, pattern]) => pattern.test(full))?.[0] ?? 'absent';
}

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ');

/** The page, as Markdown. */
export function parityPage(): string {
  const summary: string[] = [];
  const sections: string[] = [];
  const reasons = new Map<string, string[]>();
  for (const [namespace, names] of Object.entries(stored)) {
    const present: string[] = [];
    const absent: string[] = [];
    let out = 0;
    for (const name of names) {
      const found = standing(namespace, name);
      if (found === 'present') present.push(camel(name));
      else if (found === 'absent') absent.push(name);
      else {
        out++;
        reasons.set(found, [...(reasons.get(found) ?? []), namespace === 'torch' ? name : `${namespace}.${name}`]);
      }
    }
    const share = Math.round((100 * present.length) / Math.max(1, present.length + absent.length));
    summary.push(`| \`${namespace}\` | ${present.length} | ${absent.length} | ${out} | ${share} % |`);
    sections.push(
      `## ${namespace}\n\nPresent: ${code(present) || 'none'}\n`,
      ...(absent.length > 0 ? [`Absent: ${code(absent)}\n`] : []),
    );
  }
  return [
    "# PyTorch's names\n",
    "Made from the public names of PyTorch 2.13 and from this library's own tables by `npm run parity`. Names are",
    "PyTorch's in camelCase; what is absent is listed under PyTorch's own name.\n",
    '| namespace | present | absent | out of scope | present of those in scope |',
    '|---|---|---|---|---|',
    ...summary,
    '',
    ...sections,
    '## Out of scope\n',
    ...[...reasons].sort().map(([reason, names]) => `- ${reason}: ${code(names)}`),
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../docs/parity.md', import.meta.url), parityPage());
}
