"""Render the shots of scenes. This file is run by Blender, as a program: `blender -b -P program.py -- REPOSITORY`.

It reads the paths of jobs from its input, a line each, and answers `tilik: done` when the shots of a job are rendered.
A job is JSON beside its buffers: `noise.tile`, `cells.tile`, `ground.*`, and for each surface `points`, `triangles`,
`colours`. For a shot `n` it writes `n_image`, `n_albedo`, `n_direct` and `n_indirect` (diffuse light), `n_normal`
(0 to 2, 1 is zero), `n_depth` (metres) and `n_water` (share of the pixel that is water), Radiance HDR pictures with
linear light.
"""

import json
import math
import sys
from array import array
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]

sys.path.insert(0, sys.argv[-1])
from training.water.render.inside.sky import build_sky, set_lamps, set_sky
from training.water.render.inside.surfaces import ground_surface, solid_surface

PHOTOS = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world"
PASSES = {
    "image": "Image", "albedo": "DiffCol", "direct": "DiffDir", "indirect": "DiffInd",
    "normal": "Normal", "depth": "Depth", "water": "water",
}  # fmt: skip


def main() -> None:
    """Render jobs until the input ends."""
    for line in sys.stdin:
        _render(Path(line.strip()))
        print("tilik: done", flush=True)


def _render(path: Path) -> None:
    job = json.loads(path.read_text())
    folder = path.parent
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _settings(job)
    for name in ("noise", "cells"):
        _tile(folder, name)
    outputs = _outputs(folder)
    material, ground_graph = ground_surface(job["scene"])
    graphs = [ground_graph]
    ground = _mesh(folder, "ground", material)
    bed = _floats(folder / "ground.bed")
    ground.data.attributes.new("bed", "FLOAT", "POINT").data.foreach_set("value", bed)
    for surface in job["surfaces"]:
        material, graph = solid_surface(surface)
        graphs.append(graph)
        _tint(_mesh(folder, surface, material), folder / f"{surface}.colours")
    sky, photo = build_sky()
    for number, shot in enumerate(job["shots"]):
        _lift(ground, bed, shot["level"])
        values = shot["water"] | {"level": shot["level"], "glow": 0.03 + 5 * shot["light"]["lamps"]}
        for graph in graphs:
            graph.apply(values)
        set_sky(sky, photo, shot["light"], PHOTOS)
        set_lamps(job["lamps"], shot["camera"]["position"], shot["light"]["lamps"])
        drift = _mesh(folder, f"debris{number}", bpy.data.materials["debris"]) if shot["drifting"] else None
        if drift:
            _tint(drift, folder / f"debris{number}.colours")
        _aim(shot["camera"])
        _name(outputs, number)
        bpy.context.scene.cycles.seed = number
        bpy.ops.render.render()
        if drift:
            bpy.data.objects.remove(drift)


def _settings(job: dict[str, Any]) -> None:
    scene = bpy.context.scene
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = job["width"], job["height"], 100
    render.threads_mode, render.threads = "FIXED", 1  # a process a core: threads would wait for one another
    cycles.device, cycles.samples = "CPU", job["samples"]
    cycles.use_denoising = False
    cycles.use_adaptive_sampling, cycles.adaptive_threshold, cycles.adaptive_min_samples = False, 0.02, 8
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 1, 1, 1  # what water mirrors is lit directly
    cycles.transmission_bounces = cycles.volume_bounces = cycles.transparent_max_bounces = 0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_direct, cycles.sample_clamp_indirect = 30.0, 3.0
    layer = scene.view_layers[0]
    layer.use_pass_z = layer.use_pass_normal = True
    layer.use_pass_diffuse_color = layer.use_pass_diffuse_direct = layer.use_pass_diffuse_indirect = True
    water = layer.aovs.add()
    water.name, water.type = "water", "VALUE"


def _outputs(folder: Path) -> Any:
    scene = bpy.context.scene
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    files = tree.nodes.new("CompositorNodeOutputFile")
    files.base_path = str(folder)
    files.format.file_format = "HDR"
    files.file_slots.clear()
    for name, passed in PASSES.items():
        files.file_slots.new(name)
        tree.links.new(
            _as_colour(tree, layers.outputs[passed]) if name == "normal" else layers.outputs[passed], files.inputs[name]
        )
    return files


def _as_colour(tree: Any, normal: Any) -> Any:
    """Bring -1..1 to 0..2, as HDR pictures hold nothing below 0."""
    up = tree.nodes.new("CompositorNodeMixRGB")
    up.blend_type = "ADD"
    tree.links.new(normal, up.inputs[1])
    up.inputs[2].default_value = (1.0, 1.0, 1.0, 1.0)
    return up.outputs[0]


def _name(files: Any, number: int) -> None:
    for slot, name in zip(files.file_slots, PASSES, strict=True):
        slot.path = f"{number}_{name}_"


def _tile(folder: Path, name: str) -> None:
    values = _floats(folder / f"{name}.tile")
    side = math.isqrt(len(values) // 4)
    image = bpy.data.images.new(name, side, side, alpha=True, float_buffer=True, is_data=True)
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels.foreach_set(values)


def _floats(path: Path) -> "array[float]":
    values: array[float] = array("f")
    values.frombytes(path.read_bytes())
    return values


def _mesh(folder: Path, name: str, material: Any) -> Any:
    points = _floats(folder / f"{name}.points")
    corners = array("i")
    corners.frombytes((folder / f"{name}.triangles").read_bytes())
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(points) // 3)
    mesh.vertices.foreach_set("co", points)
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners)
    mesh.polygons.add(len(corners) // 3)
    mesh.polygons.foreach_set("loop_start", array("i", range(0, len(corners), 3)))
    mesh.polygons.foreach_set("loop_total", array("i", [3]) * (len(corners) // 3))
    mesh.update(calc_edges=True)
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(thing)
    return thing


def _tint(thing: Any, colours: Path) -> None:
    thing.data.attributes.new("tint", "FLOAT_COLOR", "POINT").data.foreach_set("color", _floats(colours))


def _lift(ground: Any, bed: "array[float]", level: float) -> None:
    """Lift the ground to the water's level where it lies lower."""
    points = array("f", [0.0]) * (3 * len(bed))
    ground.data.vertices.foreach_get("co", points)
    points[2::3] = array("f", [max(height, level) for height in bed])
    ground.data.vertices.foreach_set("co", points)
    ground.data.update()


def _aim(plan: dict[str, Any]) -> None:
    scene = bpy.context.scene
    if scene.camera is None:
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        bpy.context.collection.objects.link(scene.camera)
    camera = scene.camera
    camera.data.angle = math.radians(plan["view_angle"])
    camera.data.clip_end = 1000.0
    camera.location = plan["position"]
    camera.rotation_euler = (math.radians(90 - plan["pitch"]), math.radians(plan["roll"]), math.radians(plan["yaw"]))


main()
