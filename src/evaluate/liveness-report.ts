import { PASSIVE_POINTS, type PassivePoint } from "../liveness/passive-rules.js";
import {
  areaUnderCurve,
  type AttackRates,
  attackRates,
  ratesAt,
  type Scored,
  suggestedThreshold,
  type WantedRate,
  worstApcer,
} from "./attack-rates.js";
import type { Outcome } from "./liveness-run.js";

/** What a run over a folder measured. A presentation is one file. */
export interface LivenessReport {
  readonly counts: {
    readonly live: number;
    /** By species. */
    readonly attacks: ReadonlyMap<string, number>;
    /** Files that threw, by code. */
    readonly failed: ReadonlyMap<string, number>;
    /** Files that the passive check could not judge, by reason; one may have several. */
    readonly unjudged: ReadonlyMap<string, number>;
    /** Files in the folder that are neither pictures nor clips. */
    readonly others: number;
  };
  readonly points: readonly {
    readonly point: PassivePoint;
    readonly threshold: number;
    readonly rates: AttackRates;
  }[];
  /** Of clips; undefined when there are none. */
  readonly blink: AttackRates | undefined;
  readonly frames: FrameCurve;
  /** Undefined: nothing was wanted. */
  readonly suggestion:
    | (WantedRate & {
        /** Undefined: no threshold does it. */
        readonly threshold: number | undefined;
        readonly rates: AttackRates | undefined;
      })
    | undefined;
}

/** Frames of one clip resemble each other: a curve without intervals, to look at only. */
export interface FrameCurve {
  readonly live: number;
  readonly attacks: number;
  readonly auc: number | undefined;
  readonly points: readonly {
    readonly threshold: number;
    /** Of the worst species. */
    readonly apcer: number | undefined;
    readonly bpcer: number | undefined;
  }[];
}

const CURVE = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

export function livenessReport(
  outcomes: readonly Outcome[],
  others: number,
  wanted?: WantedRate,
): LivenessReport {
  const scored = outcomes.map(({ file, passive }): Scored => {
    return { species: file.species, score: passive?.score };
  });
  const points = Object.entries(PASSIVE_POINTS) as [PassivePoint, number][]; // its own entries
  return {
    counts: {
      live: outcomes.filter(({ file }) => file.species === undefined).length,
      attacks: counted(outcomes.flatMap(({ file }) => file.species ?? [])),
      failed: counted(outcomes.flatMap(({ error }) => error ?? [])),
      unjudged: counted(outcomes.flatMap(({ passive }) => passive?.reasons ?? [])),
      others,
    },
    points: points.map(([point, threshold]) => ({
      point,
      threshold,
      rates: ratesAt(scored, threshold),
    })),
    blink: blinkRates(outcomes),
    frames: frameCurve(outcomes),
    suggestion: wanted && suggestion(scored, wanted),
  };
}

function blinkRates(outcomes: readonly Outcome[]): AttackRates | undefined {
  const clips = outcomes.filter(({ file }) => file.kind === "clip");
  if (clips.length === 0) return undefined;
  return attackRates(
    clips.map(({ file, blink }) => ({ species: file.species, live: blink?.live })),
  );
}

function frameCurve(outcomes: readonly Outcome[]): FrameCurve {
  const frames = outcomes.flatMap(({ file, passive }) =>
    (passive?.frameScores ?? []).map((score): Scored => ({ species: file.species, score })),
  );
  const scores = (live: boolean) =>
    frames.flatMap(({ species, score }) => ((species === undefined) === live ? (score ?? []) : []));
  return {
    live: scores(true).length,
    attacks: scores(false).length,
    auc: areaUnderCurve(scores(true), scores(false)),
    points: CURVE.map((threshold) => {
      const rates = ratesAt(frames, threshold);
      return { threshold, apcer: worstApcer(rates), bpcer: rates.bpcer.rate };
    }),
  };
}

function suggestion(
  scored: readonly Scored[],
  wanted: WantedRate,
): NonNullable<LivenessReport["suggestion"]> {
  const threshold = suggestedThreshold(scored, wanted);
  return {
    ...wanted,
    threshold,
    rates: threshold === undefined ? undefined : ratesAt(scored, threshold),
  };
}

function counted(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of [...names].sort()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
