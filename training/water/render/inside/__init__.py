"""What runs inside Blender, a program of its own, on Blender's Python: the standard library and `bpy`, nothing else."""
