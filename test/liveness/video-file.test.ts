import type * as FileSystem from "node:fs/promises";
import { mkdtemp, readdir, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, expect, test, vi } from "vitest";

import { unnamedFileOf } from "../../src/liveness/video-file.js";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  return { ...real, unlink: vi.fn(real.unlink) };
});
afterEach(() => vi.unstubAllEnvs());

test("a file that cannot lose its name while it is open loses it when it is closed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "countenance-file-"));
  vi.stubEnv("TMPDIR", folder);
  vi.mocked(unlink).mockRejectedValueOnce(Object.assign(new Error("in use"), { code: "EBUSY" }));
  const making = unnamedFileOf(Uint8Array.of(1, 2), new AbortController().signal);
  await expect(making).rejects.toMatchObject({ code: "COUNTENANCE_INTERNAL" });
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
