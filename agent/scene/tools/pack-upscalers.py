"""Packs both upscalers into ../assets: weights as int8 with one scale per output channel, in and out 0..1.

    python3 pack-upscalers.py <upscale.onnx from train/upscale.py> <folder models/x2 of @upscalerjs/esrgan-medium>

The second is a tfjs layers-model (MIT): `npm pack @upscalerjs/esrgan-medium@1.0.0` and unpack it. Needs Debian's
python3-onnx and python3-numpy. ONNX Runtime folds the two restoring nodes of each matrix away when it loads the model.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ASSETS = Path(__file__).resolve().parent.parent / "assets"
SMALLEST_QUANTISED_SIZE = 800
INT8_LIMIT = 127


def read_layers_model(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    model = json.loads((folder / "model.json").read_text())
    weights: dict[str, np.ndarray] = {}
    for group in model["weightsManifest"]:
        buffer = b"".join((folder / part).read_bytes() for part in group["paths"])
        offset = 0
        for entry in group["weights"]:
            if entry["dtype"] != "float32" or "quantization" in entry:
                raise SystemExit(f"unexpected weight {entry['name']}")
            count = int(np.prod(entry["shape"]))
            weights[entry["name"]] = np.frombuffer(buffer, np.float32, count, offset).reshape(entry["shape"])
            offset += count * 4
    topology = model["modelTopology"]
    return topology.get("model_config") or topology, weights


def convert_layer(layer: dict, weights: dict[str, np.ndarray], nodes: list, tensors: list) -> str | None:
    """Appends the layer's nodes. Returns the name of its output, or None for the input layer."""
    config, kind = layer["config"], layer["class_name"]
    name = layer.get("name") or config["name"]
    sources = [source[0] for source in layer["inbound_nodes"][0]] if layer.get("inbound_nodes") else []
    if kind == "InputLayer":
        return None
    if kind == "Conv2D":
        kernel = np.ascontiguousarray(weights[f"{name}/kernel"].transpose(3, 2, 0, 1))
        inputs = [sources[0], f"{name}_w"]
        tensors.append(numpy_helper.from_array(kernel, f"{name}_w"))
        if f"{name}/bias" in weights:
            tensors.append(numpy_helper.from_array(weights[f"{name}/bias"].copy(), f"{name}_b"))
            inputs.append(f"{name}_b")
        has_relu = config["activation"] == "relu"
        side = kernel.shape[2]
        output = f"{name}_linear" if has_relu else name
        nodes.append(helper.make_node("Conv", inputs, [output], pads=[side // 2] * 4, kernel_shape=[side] * 2))
        if has_relu:
            nodes.append(helper.make_node("Relu", [output], [name]))
    elif kind == "Activation":
        nodes.append(helper.make_node("Relu", sources, [name]))
    elif kind == "Concatenate":
        nodes.append(helper.make_node("Concat", sources, [name], axis=1))
    elif kind == "Add":
        total = sources[0]
        for index, source in enumerate(sources[1:]):
            output = name if index == len(sources) - 2 else f"{name}_{index}"
            nodes.append(helper.make_node("Add", [total, source], [output]))
            total = output
    elif kind == "MultiplyBeta":
        tensors.append(numpy_helper.from_array(np.array(config.get("beta", 0.2), np.float32), f"{name}_beta"))
        nodes.append(helper.make_node("Mul", [sources[0], f"{name}_beta"], [name]))
    elif kind.startswith("PixelShuffle"):
        nodes.append(helper.make_node("DepthToSpace", sources, [name], blocksize=int(config["scale"]), mode="DCR"))
    elif kind == "UpSampling2D":
        is_bilinear = config.get("interpolation") == "bilinear"
        tensors.append(numpy_helper.from_array(np.array([1, 1, *config["size"]], np.float32), f"{name}_scales"))
        nodes.append(
            helper.make_node(
                "Resize",
                [sources[0], "", f"{name}_scales"],
                [name],
                mode="linear" if is_bilinear else "nearest",
                coordinate_transformation_mode="half_pixel" if is_bilinear else "asymmetric",
                nearest_mode="floor",
            )
        )
    else:
        raise SystemExit(f"unknown layer {kind}")
    return name


def convert_esrgan(folder: Path) -> onnx.ModelProto:
    config, weights = read_layers_model(folder)
    nodes: list = []
    tensors: list = [
        numpy_helper.from_array(np.array(255, np.float32), "white"),
        numpy_helper.from_array(np.array(1 / 255, np.float32), "unit"),
    ]
    first, last = "", ""
    for layer in config["config"]["layers"]:
        output = convert_layer(layer, weights, nodes, tensors)
        first, last = (layer.get("name") or layer["config"]["name"], last) if output is None else (first, output)
    nodes.insert(0, helper.make_node("Mul", ["x", "white"], [first]))
    nodes.append(helper.make_node("Mul", [last, "unit"], ["y"]))
    picture = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    enlarged = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, "h2", "w2"])]
    graph = helper.make_graph(nodes, "esrgan", picture, enlarged, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def quantise(model: onnx.ModelProto) -> int:
    """Replaces the large convolution kernels. Returns how many."""
    kept, restoring, count = [], [], 0
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim != 4 or values.size < SMALLEST_QUANTISED_SIZE:
            kept.append(tensor)
            continue
        scale = np.maximum(np.abs(values).max(axis=(1, 2, 3), keepdims=True) / INT8_LIMIT, 1e-12).astype(np.float32)
        small = np.round(values / scale).astype(np.int8)
        kept += [numpy_helper.from_array(small, f"{tensor.name}_int8"), numpy_helper.from_array(scale, f"{tensor.name}_scale")]
        restoring += [
            helper.make_node("Cast", [f"{tensor.name}_int8"], [f"{tensor.name}_unscaled"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{tensor.name}_unscaled", f"{tensor.name}_scale"], [tensor.name]),
        ]
        count += 1
    nodes = [*restoring, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    return count


if __name__ == "__main__":
    own, esrgan = Path(sys.argv[1]), Path(sys.argv[2])
    for name, model in (("art", onnx.load(own)), ("photo", convert_esrgan(esrgan))):
        matrices = quantise(model)
        target = ASSETS / f"upscale-{name}.q8.onnx"
        onnx.save(model, str(target))
        print(f"{target.name}: {matrices} kernels quantised, {target.stat().st_size} bytes")
