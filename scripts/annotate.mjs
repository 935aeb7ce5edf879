// Draws boxes and labels over a photo.
import sharp from "sharp";

const KNOWN = "#2fb344";
const UNKNOWN = "#d63939";

/**
 * @param faces  `{ box, label, known }` in pixels of the upright photo.
 * @param file  Where the PNG goes.
 */
export async function annotate(photo, faces, file) {
  const { data, info } = await sharp(photo).rotate().toBuffer({ resolveWithObject: true });
  const marks = faces.map((face) => mark(face, info.width / 1000)).join("");
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${info.width}" height="${info.height}">${marks}</svg>`;
  await sharp(data)
    .composite([{ input: Buffer.from(overlay) }])
    .png()
    .toFile(file);
}

/** @param unit  A thousandth of the photo's width: marks look alike on photos of all sizes. */
function mark({ box, label, known }, unit) {
  const colour = known ? KNOWN : UNKNOWN;
  const size = 16 * unit;
  const plate = { width: label.length * size * 0.6 + size * 0.6, height: size * 1.5 };
  const top = Math.max(0, box.y - plate.height);
  return (
    `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="${4 * unit}" ` +
    `fill="none" stroke="${colour}" stroke-width="${3 * unit}"/>` +
    `<rect x="${box.x}" y="${top}" width="${plate.width}" height="${plate.height}" fill="${colour}"/>` +
    `<text x="${box.x + size * 0.3}" y="${top + size * 1.08}" font-family="DejaVu Sans Mono, monospace" ` +
    `font-size="${size}" fill="#ffffff">${escape(label)}</text>`
  );
}

function escape(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
