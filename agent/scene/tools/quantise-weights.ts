/**
 * Turns the trained fp32 layout model into the small file the package ships.
 *
 *   node quantise-weights.ts <layout.onnx from train/layout.py>
 *
 * Each large weight matrix W becomes int8 values q and one fp32 scale per channel, with two nodes in front
 * of its users: W = Cast(q) * scale. ONNX Runtime folds them into fp32 constants when it loads the model, so
 * the file is about four times smaller and a step costs the same.
 */
import { readFileSync, writeFileSync } from "node:fs";
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const OUTPUT = new URL("../assets/layout.q8.onnx", import.meta.url);

/** Smaller tensors (biases, norms, embeddings of a few rows) stay fp32: they weigh little and matter a lot. */
const SMALLEST_QUANTISED_SIZE = 2000;
const INT8_LIMIT = 127;
const SMALLEST_SCALE = 1e-12;

interface QuantisedMatrix {
  values: Int8Array;
  scales: Float32Array;
  scaleShape: number[];
  squaredError: number;
}

/** @param alongRows true: one scale per row; false: one per column. */
function quantise(weights: Float32Array, rows: number, columns: number, alongRows: boolean): QuantisedMatrix {
  const channels = alongRows ? rows : columns;
  const channelOf = (index: number): number => (alongRows ? Math.floor(index / columns) : index % columns);
  const scales = new Float32Array(channels);
  weights.forEach((weight, index) => {
    const channel = channelOf(index);
    scales[channel] = Math.max(scales[channel] ?? 0, Math.abs(weight) / INT8_LIMIT, SMALLEST_SCALE);
  });
  const values = new Int8Array(weights.length);
  let squaredError = 0;
  weights.forEach((weight, index) => {
    const scale = scales[channelOf(index)] ?? SMALLEST_SCALE;
    const value = Math.round(weight / scale);
    values[index] = value;
    squaredError += (weight - value * scale) ** 2;
  });
  return { values, scales, scaleShape: alongRows ? [rows, 1] : [1, columns], squaredError };
}

function bytesOf(array: Int8Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function floatsOf(tensor: InstanceType<typeof onnx.TensorProto>): Float32Array {
  if (tensor.rawData && tensor.rawData.length > 0) return new Float32Array(Uint8Array.from(tensor.rawData).buffer);
  return Float32Array.from(tensor.floatData ?? []);
}

const source = process.argv[2];
if (!source) throw new Error("usage: node quantise-weights.ts <layout.onnx>");
const model = onnx.ModelProto.decode(readFileSync(source));
const graph = model.graph;
if (!graph) throw new Error(`${source} holds no graph`);

const { FLOAT, INT8 } = onnx.TensorProto.DataType;
const initializers: InstanceType<typeof onnx.TensorProto>[] = [];
const restoringNodes: InstanceType<typeof onnx.NodeProto>[] = [];
let quantisedCount = 0;

for (const raw of graph.initializer ?? []) {
  const tensor = onnx.TensorProto.create(raw);
  const shape = (tensor.dims ?? []).map(Number);
  const [rows, columns] = shape;
  const size = shape.reduce((product, length) => product * length, 1);
  const isLargeMatrix = tensor.dataType === FLOAT && shape.length === 2 && size > SMALLEST_QUANTISED_SIZE;
  if (!isLargeMatrix || rows === undefined || columns === undefined) {
    initializers.push(tensor);
    continue;
  }
  const weights = floatsOf(tensor);
  const byRow = quantise(weights, rows, columns, true);
  const byColumn = quantise(weights, rows, columns, false);
  const best = byRow.squaredError < byColumn.squaredError ? byRow : byColumn;
  const { name } = tensor;
  initializers.push(
    onnx.TensorProto.create({ name: `${name}_int8`, dims: shape, dataType: INT8, rawData: bytesOf(best.values) }),
    onnx.TensorProto.create({ name: `${name}_scale`, dims: best.scaleShape, dataType: FLOAT, rawData: bytesOf(best.scales) }),
  );
  restoringNodes.push(
    onnx.NodeProto.create({
      opType: "Cast",
      name: `${name}_cast`,
      input: [`${name}_int8`],
      output: [`${name}_unscaled`],
      attribute: [{ name: "to", type: onnx.AttributeProto.AttributeType.INT, i: FLOAT }],
    }),
    onnx.NodeProto.create({
      opType: "Mul",
      name: `${name}_restore`,
      input: [`${name}_unscaled`, `${name}_scale`],
      output: [`${name}`],
    }),
  );
  quantisedCount += 1;
}

graph.initializer = initializers;
graph.node = [...restoringNodes, ...(graph.node ?? [])];
const encoded = onnx.ModelProto.encode(model).finish();
writeFileSync(OUTPUT, encoded);
console.log(`${quantisedCount} matrices quantised, ${readFileSync(source).length} -> ${encoded.length} bytes`);
