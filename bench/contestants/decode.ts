import sharp from "sharp";

/** What TensorFlow.js needs of its tensor factory; `Tensor` is opaque here. */
export interface TensorFactory<Tensor> {
  tensor3d(values: Uint8Array, shape: [number, number, number], type: "int32"): Tensor;
}

/** JPEG bytes to the int32 RGB tensor that both TensorFlow.js libraries take, as quick as can be. */
export async function decodeToTensor<Tensor>(
  tf: TensorFactory<Tensor>,
  jpeg: Uint8Array,
): Promise<Tensor> {
  const { data, info } = await sharp(jpeg)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return tf.tensor3d(data, [info.height, info.width, 3], "int32");
}
