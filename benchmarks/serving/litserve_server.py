"""LitServe with its dynamic batching, around the same model. `litserve_server.py MODEL PORT`."""

import sys

import litserve


class Classifier(litserve.LitAPI):
    """Texts to probabilities, padded to the longest of a batch."""

    def setup(self, device: str) -> None:
        """The model, once a worker."""
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
        self.model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).eval()

    def decode_request(self, request: dict) -> str:
        """The text of a request."""
        return request["text"]

    def batch(self, inputs: list) -> list:
        """Texts stay texts until they are tokenised together."""
        return list(inputs)

    def predict(self, texts: list) -> list:
        """[B, C] probabilities as lists."""
        import torch

        encoded = self.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            return self.model(**encoded).logits.softmax(-1).tolist()

    def unbatch(self, output: list) -> list:
        """One a request."""
        return output

    def encode_response(self, output: list) -> dict:
        """As the others answer."""
        names = self.model.config.id2label
        best = max(range(len(output)), key=output.__getitem__)
        return {"answer": names[best], "probabilities": {names[i]: p for i, p in enumerate(output)}}


if __name__ == "__main__":
    api = Classifier(max_batch_size=32, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", generate_client_file=False)
