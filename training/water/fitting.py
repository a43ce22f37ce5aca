"""The decoder, fitted to examples: the same examples and seed give the same weights on one machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from services.detect.models.water_network import WaterDecoder
from training.water.examples import Examples

BATCH = 16


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How long and how fast. Chosen on the development fifth (ADR 0014)."""

    epochs: int = 5
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    seed: int = 0


def fit_decoder(
    examples: Examples, options: FitOptions, on_epoch: Callable[[int, float], None] = lambda _epoch, _loss: None
) -> WaterDecoder:
    """Give the fitted decoder, in evaluation mode. ``on_epoch`` is told the loss on the examples held out.

    Source: AdamW, Loshchilov and Hutter 2019, arXiv:1711.05101; one cycle, Smith and Topin 2018, arXiv:1708.07120.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        decoder = WaterDecoder()
        seen = torch.nonzero(~examples.held_out)[:, 0]
        steps = max(1, len(seen) // BATCH) * options.epochs
        optimizer = torch.optim.AdamW(decoder.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, total_steps=steps)
        for epoch in range(options.epochs):
            decoder.train()
            for batch in _shuffled(seen):
                optimizer.zero_grad()
                loss_of(decoder, examples, batch).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                rate.step()
            decoder.eval()
            on_epoch(epoch, held_out_loss(decoder, examples))
    return decoder


def loss_of(decoder: WaterDecoder, examples: Examples, batch: Tensor) -> Tensor:
    """Give the mean cross entropy over labelled cells."""
    logits = decoder(examples.features[batch].float())
    weight = examples.weight[batch]
    losses = functional.binary_cross_entropy_with_logits(logits, examples.water[batch], reduction="none")
    return (losses * weight).sum() / weight.sum().clamp(min=1e-6)


def held_out_loss(decoder: WaterDecoder, examples: Examples) -> float:
    """Give the mean loss on examples that were held out; NaN without any."""
    held_out = torch.nonzero(examples.held_out)[:, 0]
    with torch.inference_mode():
        losses = [loss_of(decoder, examples, batch).item() * len(batch) for batch in torch.split(held_out, BATCH)]
    return sum(losses) / len(held_out) if len(held_out) else float("nan")


def _shuffled(seen: Tensor) -> list[Tensor]:
    """Give batches in a new order; what is left over waits for the next epoch, unless it is all there is."""
    batches = list(torch.split(seen[torch.randperm(len(seen))], BATCH))
    return batches[:-1] if len(batches) > 1 and len(batches[-1]) < BATCH else batches
