import type { Alignment, Detector } from "./engine-options.js";
import type { NativeModelFiles } from "./internal/native.js";
import { modelFor, readAddedModel, readManifest, readModel, type ModelEntry } from "./models.js";

/** How an alignment is named in pipelines: what it fits, the chip's side and its padding. */
export const ALIGNMENT_NAMES: Readonly<Record<Alignment, string>> = {
  mesh: "mesh468-chip-150-0.25",
  dlib: "dlib-chip-150-0.25",
};

/** Exactly the models that an engine with these options works with, read and checked. */
export async function readEngineModels(
  folder: string,
  { detector, alignment }: { readonly detector: Detector; readonly alignment: Alignment },
): Promise<{ readonly embedder: ModelEntry; readonly files: NativeModelFiles }> {
  const manifest = await readManifest(folder);
  const read = (job: ModelEntry["job"]) => readModel(folder, modelFor(manifest, job));
  const embedder = modelFor(manifest, "embedding");
  const [embedding, detection, mesh, iris, landmarks] = await Promise.all([
    readModel(folder, embedder),
    detectionModel(),
    read("mesh"),
    read("iris"),
    alignment === "dlib" ? read("landmarks") : undefined,
  ]);
  return { embedder, files: { embedder: embedding, detection, mesh, iris, landmarks } };

  async function detectionModel(): Promise<Uint8Array | undefined> {
    if (detector === "hog") return undefined; // it is in the addon
    return detector === "blazeface" ? read("detection") : readAddedModel(folder, "yunet");
  }
}
