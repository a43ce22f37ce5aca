"""The materials of a scene. Runs inside Blender."""

from typing import Any

import bpy  # type: ignore[import-not-found]

from training.water.render.inside.nodes import Graph, Socket

WATER_SPECULAR = 0.255  # what a refractive index of 1.33 is on the scale of Blender's principled surface
UNSURE_DEPTH = 0.004  # metres; where ground and water meet, whether it is water is a matter of taste


def graph_of(name: str) -> tuple[Any, Graph]:
    """Give a new material and its empty graph."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material, Graph(material.node_tree)


def solid_surface(surface: str) -> tuple[Any, Graph]:
    """Give the material of all solids of one surface; colours come from the points."""
    material, graph = graph_of(surface)
    tint = graph.node("ShaderNodeAttribute", "Color", attribute_name="tint")
    place = graph.node("ShaderNodeNewGeometry", "Position")
    slanted = graph.node("ShaderNodeMapping", inputs={"Vector": place, "Rotation": (0.7, 0.5, 0.0)})
    dirt = graph.blend(graph.noise(slanted, 1.3, 5), 0.55, 1.25)
    colour = graph.mix(1.0, tint, dirt, "MULTIPLY")
    inputs: dict[str, Any] = {"Base_Color": colour, "Roughness": 0.85, "Specular": 0.2}
    if surface == "gloss":
        inputs |= {"Base_Color": tint, "Roughness": 0.12, "Specular": 0.6}
    elif surface in {"tile", "sheet"}:
        inputs |= _ribbed(graph, place, 4.0 if surface == "tile" else 7.0, colour)
        inputs["Roughness"] = 0.8 if surface == "tile" else 0.4
    elif surface == "glow":
        inputs |= {"Emission": tint, "Emission_Strength": graph.setting("glow"), "Base_Color": (0.05, 0.05, 0.06)}
    elif surface == "debris":
        graph.node("ShaderNodeOutputAOV", inputs={"Value": 0.5}, name="water")
    wet = graph.setting("wetness")
    if surface not in {"gloss", "glow"}:
        inputs["Roughness"] = graph.blend(wet, inputs["Roughness"], 0.35)
        inputs["Base_Color"] = graph.mix(1.0, inputs["Base_Color"], graph.blend(wet, 1.0, 0.6), "MULTIPLY")
    graph.surface(**inputs)
    return material, graph


def _ribbed(graph: Graph, place: Socket, ribs_a_metre: float, colour: Socket) -> dict[str, Any]:
    turned = graph.node("ShaderNodeMapping", inputs={"Vector": place, "Rotation": (0.5, 0.3, 0.0)})
    wave = graph.node("ShaderNodeTexWave", "Fac", inputs={"Vector": turned, "Scale": ribs_a_metre * 0.3})
    return {"Base_Color": graph.mix(1.0, colour, graph.blend(wave, 0.55, 1.1), "MULTIPLY")}


def ground_surface(scene: dict[str, Any]) -> tuple[Any, Graph]:
    """Give the material of the ground and of the water on it.

    The mesh of the ground is lifted to the water's level wherever it lies lower; `bed` keeps the ground's own height.
    With fine noise added to it, the difference is the depth, which says at each point whether there is water, and how
    much of the bed is seen through it. So the edge of a puddle is as fine as the picture, and the mask is the
    picture's own.
    """
    material, graph = graph_of("ground")
    place = graph.node("ShaderNodeNewGeometry", "Position")
    bed = graph.node("ShaderNodeAttribute", "Fac", attribute_name="bed")
    flat = graph.node("ShaderNodeMapping", inputs={"Vector": place, "Scale": (1.0, 1.0, 0.0)})
    fine = graph.math("SUBTRACT", graph.noise(flat, 1.1, 7), 0.5)
    height = graph.math("MULTIPLY_ADD", fine, min(0.12, scene["unevenness"] * 0.9), bed)
    depth = graph.math("SUBTRACT", graph.setting("level"), height)
    _mask(graph, depth)
    colour, grain = _dry_ground(graph, flat, scene)
    shore = graph.ramp(depth, -0.03, 0.0)
    film = graph.math("MULTIPLY", graph.setting("wetness"), graph.ramp(graph.noise(flat, 0.5, 4), 0.25, 0.5))
    wet = graph.math("MAXIMUM", film, shore)
    ground_colour = graph.mix(1.0, colour, graph.blend(wet, 1.0, 0.45), "MULTIPLY")
    ground_normal = graph.bump(grain, graph.blend(wet, 0.5, 0.3), 0.02)
    water = _water(graph, flat, depth, ground_colour)
    is_water = graph.math("GREATER_THAN", depth, 0.0)
    graph.surface(
        Base_Color=graph.mix(is_water, ground_colour, water["colour"]),
        Roughness=graph.blend(is_water, graph.blend(wet, 0.9, 0.27), graph.setting("roughness")),
        Specular=graph.blend(is_water, graph.blend(wet, 0.15, 0.4), WATER_SPECULAR),
        Normal=graph.mix(is_water, ground_normal, water["normal"]),
    )
    return material, graph


def _mask(graph: Graph, depth: Socket) -> None:
    sure = graph.math("GREATER_THAN", depth, UNSURE_DEPTH)
    maybe = graph.math("GREATER_THAN", depth, -UNSURE_DEPTH)
    value = graph.math("MULTIPLY", graph.math("ADD", sure, maybe), 0.5)
    graph.node("ShaderNodeOutputAOV", inputs={"Value": value}, name="water")


def _dry_ground(graph: Graph, flat: Socket, scene: dict[str, Any]) -> tuple[Socket, Socket]:
    """Give colour and fine height of the ground without water."""
    across = graph.node("ShaderNodeSeparateXYZ", "X", inputs={"Vector": flat})
    along = graph.node("ShaderNodeSeparateXYZ", "Y", inputs={"Vector": flat})
    soft = 0.0 if scene["kerb_height"] > 0 else 0.9
    wander = graph.math("MULTIPLY", graph.math("SUBTRACT", graph.noise(flat, 0.8), 0.5), soft)
    aside = graph.math("ADD", graph.math("ABSOLUTE", across), wander)
    half = scene["road_half_width"]
    road = scene["road_colour"]
    if scene["paved_in_tiles"]:
        bricks = {"Vector": flat, "Color1": road, "Color2": tuple(0.8 * c for c in road), "Mortar": (0.05, 0.05, 0.04)}
        road = graph.node("ShaderNodeTexBrick", "Color", inputs=bricks | {"Scale": 2.2, "Mortar Size": 0.02})
    slabs = {
        "Vector": flat,
        "Color1": scene["walk_colour"],
        "Color2": scene["walk_colour"],
        "Mortar": (0.06, 0.06, 0.05),
    }
    walk = graph.node("ShaderNodeTexBrick", "Color", inputs=slabs | {"Scale": 1.2, "Mortar Size": 0.012})
    if scene["place"] in {"street", "lane", "highway"}:
        patch = graph.ramp(graph.noise(flat, 0.22, 2), 0.58, 0.61)
        road = graph.mix(graph.math("MULTIPLY", patch, 0.55), road, (0.03, 0.03, 0.032))
    marks = _lane_marks(graph, flat, across, along, half) if scene["marked"] else 0.0
    road = graph.mix(marks, road, (0.55, 0.55, 0.5))
    patches = graph.ramp(graph.noise(flat, 0.06, 5), 0.47, 0.53)
    yard = graph.mix(patches, scene["yard_colour"], scene["patch_colour"])
    beyond = graph.mix(graph.math("LESS_THAN", aside, half + scene["walk_width"]), yard, walk)
    colour = graph.mix(graph.math("LESS_THAN", aside, half), beyond, road)
    grain = graph.noise(flat, 35.0, 2)
    mottle = graph.math("MULTIPLY", graph.blend(graph.noise(flat, 0.35, 4), 0.45, 1.5), graph.blend(grain, 0.6, 1.4))
    mottle = graph.math("MULTIPLY", mottle, graph.blend(graph.noise(flat, 4.0, 5), 0.65, 1.35))
    gap = graph.cells(flat, 0.55, "edge")
    cracked = graph.math("MULTIPLY", graph.ramp(graph.noise(flat, 0.3), 0.45, 0.55), scene["cracks"])
    crack = graph.math("MULTIPLY", graph.math("LESS_THAN", gap, 0.01), cracked)
    mottle = graph.math("MULTIPLY", mottle, graph.math("SUBTRACT", 1.0, crack))
    return graph.mix(1.0, colour, mottle, "MULTIPLY"), graph.math("MULTIPLY_ADD", crack, -1.0, grain)


def _lane_marks(graph: Graph, flat: Socket, across: Socket, along: Socket, half: float) -> Socket:
    aside = graph.math("ABSOLUTE", across)
    dash = graph.math("LESS_THAN", graph.math("FRACT", graph.math("DIVIDE", along, 6.0)), 0.5)
    middle = graph.math("MULTIPLY", graph.math("LESS_THAN", aside, 0.07), dash)
    edge = graph.math("LESS_THAN", graph.math("ABSOLUTE", graph.math("SUBTRACT", aside, half - 0.6)), 0.06)
    worn = graph.ramp(graph.noise(flat, 1.7, 5), 0.35, 0.6)
    return graph.math("MULTIPLY", graph.math("MAXIMUM", middle, edge), worn)


def _water(graph: Graph, flat: Socket, depth: Socket, bed_colour: Socket) -> dict[str, Socket]:
    """Give colour and normal of the water: the bed seen through it, its own murk, waves, and rings of rain."""
    seen = graph.math(
        "EXPONENT", graph.math("MULTIPLY", graph.math("MULTIPLY", depth, -1.0), graph.setting("turbidity"))
    )
    drawn_out = graph.node("ShaderNodeMapping", inputs={"Vector": flat, "Scale": (1.0, 0.3, 0.0)})
    streaks = graph.blend(graph.noise(drawn_out, 0.12, 4), 0.7, 1.3)
    murk = graph.mix(1.0, graph.colour_setting("murk"), streaks, "MULTIPLY")
    colour = graph.mix(graph.math("SUBTRACT", 1.0, seen), bed_colour, murk)
    up = graph.node("ShaderNodeCombineXYZ", inputs={"Z": 1.0})
    waves = graph.noise(flat, graph.setting("ripple_scale"), 3)
    normal = graph.bump(waves, graph.setting("ripple"), 0.06, up)
    ring = graph.cells(flat, 3.5, "centre")
    swing = graph.math("SINE", graph.math("MULTIPLY", ring, 45.0))
    rings = graph.math("MULTIPLY", swing, graph.math("SUBTRACT", 1.0, graph.ramp(ring, 0.1, 0.45)))
    return {"colour": colour, "normal": graph.bump(rings, graph.setting("rings"), 0.006, normal)}
