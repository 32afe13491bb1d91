"""Lines that open the graph, of the programs that answer without burnish."""

SESSION = """options = onnxruntime.SessionOptions()
options.add_session_config_entry("session.x64quantprecision", "1")  # int8 exact on processors without VNNI
session = onnxruntime.InferenceSession("model.onnx", options)
"""
