"""Shader nodes as expressions. Runs inside Blender."""

from collections.abc import Mapping
from typing import Any

import bpy  # type: ignore[import-not-found]

HILLS_A_TILE, CELLS_A_TILE = 16, 4  # as in textures.py, which makes the tiles

Socket = Any  # Blender's modules bring no types


class Graph:
    """The nodes of one material or world; every method adds a node and gives its output."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        self.settings: dict[str, Any] = {}
        self._tiles = 0
        tree.nodes.clear()

    def node(
        self, kind: str, output: str | int = 0, /, inputs: Mapping[Any, Any] | None = None, **properties: Any
    ) -> Socket:
        """Add a node with properties; inputs are numbers, colours or outputs of other nodes."""
        node = self.tree.nodes.new(kind)
        for name, value in properties.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            self.feed(node.inputs[name], value)
        return node.outputs[output] if len(node.outputs) else node

    def feed(self, socket: Socket, value: Any) -> None:
        """Connect an output, or set a number or colour."""
        if hasattr(value, "is_linked"):
            self.tree.links.new(value, socket)
        elif isinstance(value, (tuple, list)) and len(value) == 3 and socket.type == "RGBA":
            socket.default_value = (*value, 1.0)
        else:
            socket.default_value = value

    def setting(self, name: str) -> Socket:
        """Give a number that each shot sets anew."""
        if name not in self.settings:
            self.settings[name] = self.tree.nodes.new("ShaderNodeValue")
        return self.settings[name].outputs[0]

    def colour_setting(self, name: str) -> Socket:
        """Give a colour that each shot sets anew."""
        if name not in self.settings:
            self.settings[name] = self.tree.nodes.new("ShaderNodeRGB")
        return self.settings[name].outputs[0]

    def apply(self, values: dict[str, Any]) -> None:
        """Set what the shot brings."""
        for name, node in self.settings.items():
            self.feed(node.outputs[0], values[name])

    def math(self, operation: str, *values: Any) -> Socket:
        """Compute with numbers: `ADD`, `MULTIPLY`, `LESS_THAN` and Blender's other operations."""
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            self.feed(socket, value)
        return node.outputs[0]

    def mix(self, share: Any, first: Any, second: Any, blend: str = "MIX") -> Socket:
        """Mix two colours or vectors; share 0 is the first."""
        return self.node("ShaderNodeMixRGB", inputs={"Fac": share, "Color1": first, "Color2": second}, blend_type=blend)

    def blend(self, share: Any, first: Any, second: Any) -> Socket:
        """Mix two numbers; share 0 is the first."""
        node = self.tree.nodes.new("ShaderNodeMapRange")
        for name, value in (("Value", share), ("To Min", first), ("To Max", second)):
            self.feed(node.inputs[name], value)
        return node.outputs[0]

    def ramp(self, value: Any, low: Any, high: Any) -> Socket:
        """Rise smoothly from 0 at `low` to 1 at `high`."""
        return self.node(
            "ShaderNodeMapRange", inputs={"Value": value, "From Min": low, "From Max": high},
            interpolation_type="SMOOTHSTEP",
        )  # fmt: skip

    def noise(self, place: Socket, scale: Any, detail: float = 3.0) -> Socket:
        """Give noise of 0-1 with `scale` hills a metre, over x and y of `place`; soft up to a detail of 3, or rough."""
        channels = self._tile("noise", place, self.math("DIVIDE", scale, HILLS_A_TILE))
        return channels.outputs[0 if detail <= 3 else 1]

    def cells(self, place: Socket, scale: Any, measured: str) -> Socket:
        """Give the distance to the nearest `edge` or `centre` of `scale` cells a metre, in cells."""
        channels = self._tile("cells", place, scale / CELLS_A_TILE)
        return channels.outputs[0 if measured == "edge" else 1]

    def _tile(self, name: str, place: Socket, scale: Any) -> Any:
        """Look a tile up; each use turns and moves it its own way, so that no two uses show the same pattern."""
        self._tiles += 1
        moved = {"Vector": place, "Rotation": (0.0, 0.0, 0.7 * self._tiles), "Location": (1.7 * self._tiles, 0.0, 0.0)}
        turned = self.node("ShaderNodeMapping", inputs=moved)
        scaled = self.tree.nodes.new("ShaderNodeVectorMath")
        scaled.operation = "SCALE"
        self.feed(scaled.inputs["Vector"], turned)
        self.feed(scaled.inputs["Scale"], scale)
        colour = self.node("ShaderNodeTexImage", inputs={"Vector": scaled.outputs[0]}, image=bpy.data.images[name])
        split = self.tree.nodes.new("ShaderNodeSeparateColor")
        self.feed(split.inputs[0], colour)
        return split

    def bump(self, height: Socket, strength: Any, distance: float, normal: Any = None) -> Socket:
        """Give the normal of a surface with this height, in metres times `distance`."""
        inputs = {"Height": height, "Strength": strength, "Distance": distance}
        return self.node("ShaderNodeBump", inputs=inputs | ({"Normal": normal} if normal else {}))

    def surface(self, **inputs: Any) -> None:
        """End in a principled surface; names of inputs are Blender's, with `_` for a space."""
        named = {name.replace("_", " "): value for name, value in inputs.items()}
        shader = self.node("ShaderNodeBsdfPrincipled", inputs=named)
        self.node("ShaderNodeOutputMaterial", inputs={"Surface": shader})
