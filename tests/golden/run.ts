import { type BackendName, openDevice } from '../../engine/index.ts';
import { runBleu } from './bleu.ts';
import { type Comparison, judge } from './compare.ts';
import { readGolden } from './files.ts';
import { runModel } from './models.ts';
import { runOp } from './ops.ts';

/** What came of one case. */
export interface CaseResult {
  readonly name: string;
  readonly group: string;
  /** Worst relative error of its comparisons. */
  readonly error: number;
  readonly failures: readonly string[];
}

/** Runs every case of a golden directory on one backend. Nothing is skipped: what is not built fails. */
export async function* runGolden(dir: string, backend: BackendName): AsyncGenerator<CaseResult> {
  const golden = readGolden(dir);
  const device = await openDevice(backend);
  const settle = async (name: string, group: string, run: () => Promise<Comparison[]>): Promise<CaseResult> => {
    try {
      const verdicts = (await run()).map(judge);
      const failures = verdicts.flatMap(({ failure }) => (failure === null ? [] : [failure]));
      const error = verdicts.reduce((worst, v) => (v.error > worst || Number.isNaN(v.error) ? v.error : worst), 0);
      return { name, group, error, failures };
    } catch (error) {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return { name, group, error: Number.NaN, failures: [message] };
    }
  };
  try {
    for (const c of golden.ops) yield await settle(c.case, c.op, () => runOp(c, golden, device));
    for (const m of golden.models) yield await settle(m.model, m.kind, () => runModel(m, golden, device));
    for (const b of golden.bleu) yield await settle(b.case, 'scores', async () => runBleu(b));
  } finally {
    device.destroy();
  }
}
