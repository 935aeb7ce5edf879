import { ratiosOf, type BenchCase, type Row } from "../case.js";
import { faceApiChain, humanChain, ourChain } from "../chain.js";
import { ContestantProcess, NotAvailable, type Contestant, type Startup } from "../contestant.js";
import { allCores, confined } from "../cores.js";
import { writePhoto720 } from "../photo.js";
import { percentile, summarise } from "../statistics.js";

const STARTS = 15;
const OURS = "engine";
const PEERS = ["human", "face-api-ssd", "face-api-tiny224"] as const;
const LIMIT_READY_MS = 150;
const LIMIT_RSS_MB = 120;
const MB_PER_MIB = 2 ** 20 / 1e6;

/** A fresh process from the import of the library to its first template; files are warm. */
export const startup: BenchCase = {
  name: "startup",
  summary: "ms until models are ready in a fresh process, until the first template, and memory",
  async run(progress) {
    const options = { photo: await writePhoto720(), threads: allCores, progress };
    const contestants = [
      ourChain(OURS, options),
      humanChain("human", options),
      faceApiChain("face-api-ssd", "ssd", options),
      faceApiChain("face-api-tiny224", "tiny224", options),
    ];
    const starts = new Map<string, Startup[]>();
    const failures = new Map<string, string>();
    for (let round = 0; round <= STARTS; round++) {
      progress(`start ${String(round)} of ${String(STARTS)}`);
      for (const contestant of contestants) {
        if (failures.has(contestant.name)) continue;
        try {
          const seen = await start(contestant);
          // The first round reads the files; it does not count.
          if (round > 0)
            starts.set(contestant.name, [...(starts.get(contestant.name) ?? []), seen]);
        } catch (error) {
          if (!(error instanceof NotAvailable)) throw error;
          failures.set(contestant.name, error.message);
        }
      }
    }

    const rows = contestants.flatMap(({ name }) =>
      rowsOf(name, starts.get(name) ?? [], failures.get(name)),
    );
    return {
      rows,
      ratios: {
        ...ratiosOf(rows, OURS, PEERS),
        ...ratiosOf(
          rows,
          `${OURS}-first`,
          PEERS.map((peer) => `${peer}-first`),
        ),
      },
      facts: { threads: allCores },
      checks: checksOf(rows),
    };
  },
};

async function start(contestant: Contestant): Promise<Startup> {
  const launch = confined(await contestant.prepare(), contestant.cores ?? 1);
  const { process, ready } = await ContestantProcess.start(launch);
  process.stop();
  if (ready.startup === undefined) throw new NotAvailable("it does not say how it started");
  return ready.startup;
}

/** One row until the library is ready, one until its first template. */
function rowsOf(name: string, starts: readonly Startup[], failure?: string): readonly Row[] {
  const first = `${name}-first`;
  if (failure !== undefined || starts.length === 0) {
    const unavailable = failure ?? "did not run";
    return [
      { name, unavailable },
      { name: first, unavailable },
    ];
  }
  const bootMs = median(starts.map((one) => one.bootMs));
  return [
    {
      name,
      ...summarise(starts.map((one) => one.loadMs)),
      rssMiB: median(starts.map((one) => one.loadedMiB)),
      note: `until ready; before it Node and the import took ${bootMs.toFixed(0)} ms`,
    },
    {
      name: first,
      ...summarise(starts.map((one) => one.loadMs + one.firstMs)),
      rssMiB: median(starts.map((one) => one.firstMiB)),
      note: "until the first template",
    },
  ];
}

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function checksOf(rows: readonly Row[]) {
  return rows.flatMap((row) => {
    if (!("rssMiB" in row) || row.rssMiB === undefined) return [];
    const megabytes = row.rssMiB * MB_PER_MIB;
    const ready = { name: "engine ready, ms", value: row.p50Ms, limit: LIMIT_READY_MS };
    const memory = { value: megabytes, limit: LIMIT_RSS_MB };
    const all =
      row.name === OURS
        ? [ready, { name: "RSS when ready, MB", ...memory }]
        : row.name === `${OURS}-first`
          ? [{ name: "RSS after the first template, MB", ...memory }]
          : [];
    return all.map((check) => ({ ...check, pass: check.value <= check.limit }));
  });
}
