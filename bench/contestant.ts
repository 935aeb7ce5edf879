import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** How to start a contestant's process. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One way of doing a job. It runs in a process of its own, so that nobody's globals meet. */
export interface Contestant {
  readonly name: string;
  /** How many cores all its threads share. Default 1. */
  readonly cores?: number;
  /** Per round, where the others' are too many or too few. */
  readonly iterations?: number;
  /** It is not timed unless its vectors are those of this row, which must stand before it. */
  readonly like?: { readonly row: string; readonly maxAbsolute: number };
  /**
   * Installs or builds what the process needs.
   * @throws {NotAvailable} when this machine cannot have it.
   */
  prepare(): Promise<Launch>;
}

/** Why a contestant cannot run here. A row says so; the bench goes on. */
export class NotAvailable extends Error {
  override readonly name = "NotAvailable";
}

/** What a contestant says once it has loaded and done the job one time. */
export interface Ready {
  readonly note: string;
  /** The results: rows are compared by them. */
  readonly vectors: readonly (readonly number[])[];
  /** Plain numbers that belong to the row. */
  readonly facts?: Readonly<Record<string, number>>;
  /** Node programs only. */
  readonly startup?: Startup;
}

/** How a library came up in a fresh process. */
export interface Startup {
  /** Node itself, and the import of the library. */
  readonly bootMs: number;
  /** From there until it can be used. */
  readonly loadMs: number;
  readonly loadedMiB: number;
  /** The first job. */
  readonly firstMs: number;
  readonly firstMiB: number;
}

/** Loading models, or ten million vectors, and the first, slowest call stay far below this. */
const READY_TIMEOUT_MS = 300_000;
const ROUND_TIMEOUT_MS = 300_000;

/** The descriptor of the answers; stdout is left to libraries that like to print. */
const ANSWER_FD = 3;

/**
 * The parent's end of a contestant. The protocol: the child writes one JSON line on descriptor 3
 * when it is ready, then for each number n that it reads from stdin runs n iterations and writes
 * `{ timesMs }`; it ends with its stdin. Its other ends are bench/serve.ts and native/rounds.h.
 */
export class ContestantProcess {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #lines: Interface;
  #complaints = "";
  #ended = false;

  private constructor(launch: Launch) {
    this.#child = spawn(launch.command, launch.args, {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
      env: { ...process.env, ...launch.env },
    });
    // Typed by their stdio slots above.
    this.#input = this.#child.stdin as Writable;
    this.#lines = createInterface({ input: this.#child.stdio[ANSWER_FD] as Readable });
    this.#input.on("error", () => this.#child.kill()); // the child went away: answers end too
    this.#child.on("close", () => (this.#ended = true));
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#complaints = (this.#complaints + chunk.toString()).slice(-4000);
    });
  }

  /** @throws {NotAvailable} when the process cannot start, or ends before it is ready. */
  static async start(launch: Launch): Promise<{ process: ContestantProcess; ready: Ready }> {
    const started = new ContestantProcess(launch);
    try {
      const ready = await started.#answer<Ready>(READY_TIMEOUT_MS);
      return { process: started, ready };
    } catch (error) {
      started.stop();
      throw error;
    }
  }

  /** Runs some iterations; their times in milliseconds, taken inside the process. */
  async round(iterations: number): Promise<readonly number[]> {
    const answer = this.#answer<{ timesMs: readonly number[] }>(ROUND_TIMEOUT_MS);
    this.#input.write(`${String(iterations)}\n`);
    return (await answer).timesMs;
  }

  /** Resident memory now, in MiB; undefined where the system does not say, or after its end. */
  residentMiB(): number | undefined {
    try {
      const status = readFileSync(`/proc/${String(this.#child.pid)}/status`, "utf8");
      const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
    } catch {
      return undefined; // no Linux, or gone
    }
  }

  stop(): void {
    this.#lines.close();
    this.#child.kill();
  }

  /** Stops it, and waits until what it held is free. */
  async end(): Promise<void> {
    const ended = this.#ended ? Promise.resolve() : once(this.#child, "close");
    this.stop();
    await ended;
  }

  #answer<T>(timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new NotAvailable(this.#lastComplaint()));
        return;
      }
      const fail = (reason: string) => {
        settle(() => reject(new NotAvailable(reason)));
      };
      const onLine = (line: string) => {
        settle(() => resolve(JSON.parse(line) as T)); // our own programs write these lines
      };
      const onClose = () => fail(this.#lastComplaint());
      const onError = (error: Error) => fail(error.message);
      const timer = setTimeout(() => fail(`no answer in ${String(timeoutMs / 1000)} s`), timeoutMs);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#lines.off("line", onLine);
        this.#child.off("close", onClose).off("error", onError);
        act();
      };
      this.#lines.on("line", onLine);
      this.#child.on("close", onClose).on("error", onError);
    });
  }

  /** The line that names the error, rather than the stack below it. */
  #lastComplaint(): string {
    const lines = this.#complaints.split("\n").map((line) => line.trim());
    return (
      lines.findLast((line) => /error/i.test(line) && !line.startsWith("at ")) ??
      lines.findLast((line) => line !== "") ??
      `ended with code ${String(this.#child.exitCode)}`
    );
  }
}
