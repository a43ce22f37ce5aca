"""Sky, sun and street lamps. Runs inside Blender."""

import math
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]

from training.water.render.inside.nodes import Graph

LAMP_WATTS = 220.0
NEAREST_LAMPS = 6  # more of them cost time and noise, and light what is too far to be seen


def build_sky() -> tuple[Graph, Any]:
    """Build a world whose colours and clouds each shot sets; give it with the node that holds its photograph."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 128  # the default's map takes longer to build than a picture to render
    graph = Graph(world.node_tree)
    direction = graph.node("ShaderNodeTexCoord", "Generated")
    up = graph.node("ShaderNodeSeparateXYZ", "Z", inputs={"Vector": direction})
    height = graph.math("MAXIMUM", up, 0.0)
    plain = graph.mix(
        graph.math("POWER", height, 0.55), graph.colour_setting("horizon"), graph.colour_setting("zenith")
    )
    spread = graph.math("DIVIDE", 1.0, graph.math("ADD", height, 0.18))
    dome = graph.node(
        "ShaderNodeVectorMath", inputs={0: direction, 1: _same(graph, spread)}, operation="MULTIPLY"
    )  # fmt: skip
    moved = graph.node(
        "ShaderNodeVectorMath", inputs={0: dome, 1: _same(graph, graph.setting("cloud_seed"))}, operation="ADD"
    )
    cover = graph.math("SUBTRACT", 0.78, graph.math("MULTIPLY", graph.setting("cloud_cover"), 0.5))
    puffs = graph.noise(moved, 1.4, 6)
    share = graph.ramp(puffs, cover, graph.math("ADD", cover, 0.16))
    shade = graph.mix(
        1.0, graph.colour_setting("cloud"), graph.blend(graph.noise(moved, 2.6, 4), 0.55, 1.3), "MULTIPLY"
    )
    drawn = graph.mix(share, plain, shade)
    photo = graph.node("ShaderNodeTexEnvironment", inputs={"Vector": direction})
    sky = graph.mix(graph.setting("photographed"), drawn, photo)
    light = graph.node("ShaderNodeBackground", inputs={"Color": sky, "Strength": graph.setting("strength")})
    graph.node("ShaderNodeOutputWorld", inputs={"Surface": light})
    return graph, photo.node


def _same(graph: Graph, value: Any) -> Any:
    return graph.node("ShaderNodeCombineXYZ", inputs={"X": value, "Y": value, "Z": value})


def set_sky(graph: Graph, photo: Any, light: dict[str, Any], photos: Path) -> None:
    """Set the world and the sun of a shot."""
    day = light["sky"] not in {"night", "dusk"}
    cloud = [0.95 * c + 0.05 for c in light["horizon"]] if day else [1.15 * c for c in light["horizon"]]
    photographed = light["sky"] == "photo"
    if photographed:
        photo.image = bpy.data.images.load(str(photos / f"{light['photo']}.exr"), check_existing=True)
    values = {name: light[name] for name in ("horizon", "zenith", "cloud_cover", "cloud_seed", "strength")}
    graph.apply(values | {"cloud": tuple(cloud), "photographed": float(photographed)})
    for lamp in [thing for thing in bpy.data.objects if thing.type == "LIGHT"]:
        bpy.data.objects.remove(lamp)
    if light["sun_strength"] > 0.01:
        sun = _lamp("SUN", light["sun_strength"], (1.0, 0.95, 0.88))
        sun.data.angle = math.radians(light["sun_angle"])
        sun.rotation_euler = (math.radians(90 - light["sun_elevation"]), 0.0, math.radians(light["sun_azimuth"]))


def set_lamps(lamps: list[list[float]], camera: list[float], brightness: float) -> None:
    """Light the lamps that are nearest to what the camera sees."""
    if brightness < 0.01:
        return
    nearest = sorted(lamps, key=lambda at: abs(at[1] - camera[1] - 12))[:NEAREST_LAMPS]
    for at in nearest:
        lamp = _lamp("POINT", LAMP_WATTS * brightness, (1.0, 0.72, 0.42))
        lamp.data.shadow_soft_size = 0.15
        lamp.location = at


def _lamp(kind: str, strength: float, colour: tuple[float, float, float]) -> Any:
    data = bpy.data.lights.new(kind, kind)
    data.energy, data.color = strength, colour
    lamp = bpy.data.objects.new(kind, data)
    bpy.context.collection.objects.link(lamp)
    return lamp
