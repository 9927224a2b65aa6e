"""Tensors count by dtype, shape, values, device and order in memory; one tensor twice is not two equal ones."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from hydra_cached.errors import NotDigestibleError
from hydra_cached.fingerprint import digest_value

torch: Any = pytest.importorskip("torch")


def count(digests: Any) -> int:
    return len({digest_value(value) for value in digests})


def test_tensors_count_by_dtype_shape_values_and_gradient() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    stepped = tensor.clone().requires_grad_()
    stepped.sum().backward()
    noted = tensor.clone()
    noted.unit = "m"
    others = [
        tensor.T,
        tensor.T.contiguous(),
        tensor.double(),
        tensor.reshape(3, 2),
        tensor + 1,
        tensor.clone().requires_grad_(),
        stepped,
        noted,
        torch.nn.Parameter(tensor),
        torch.nn.Parameter(tensor, requires_grad=False),
        tensor.to("meta"),
        tensor.detach().numpy(),
    ]
    assert digest_value(tensor) == digest_value(tensor.clone()) == digest_value(torch.cat([tensor, tensor])[:2])
    assert count([tensor, *others]) == len(others) + 1


def test_a_tensor_with_a_graph_behind_it_is_refused() -> None:
    with pytest.raises(NotDigestibleError, match="part of a graph of gradients"):
        digest_value(torch.zeros(2, requires_grad=True) * 2)


@pytest.mark.filterwarnings("ignore")
def test_every_dtype_has_a_digest() -> None:
    dtypes = {each for each in vars(torch).values() if isinstance(each, torch.dtype)}
    tensors = []
    for dtype in dtypes:
        try:
            tensors.append(torch.arange(6.0).to(dtype))
        except (RuntimeError, NotImplementedError):
            continue  # a dtype without values
    assert len(tensors) > 15
    assert count(tensors) == len(tensors)


def test_views_count_by_what_they_show() -> None:
    whole = torch.arange(40_000.0).reshape(200, 200)
    assert digest_value(whole[:, ::2]) == digest_value(whole[:, ::2].clone())
    assert digest_value(whole[3:5]) == digest_value(whole[3:5].clone())
    assert digest_value(whole.T) == digest_value(whole.T.clone()) != digest_value(whole.T.contiguous())
    numbers = torch.tensor([1 + 2j, 3 - 1j])
    assert digest_value(numbers.conj()) == digest_value(torch.tensor([1 - 2j, 3 + 1j]))
    assert digest_value(numbers.conj().imag) == digest_value(torch.tensor([-2.0, 1.0]))
    channels = torch.rand(2, 3, 4, 5)
    assert digest_value(channels) != digest_value(channels.to(memory_format=torch.channels_last))


@pytest.mark.filterwarnings("ignore")
def test_sparse_quantized_and_nested_tensors_count_by_their_parts() -> None:
    eye = torch.eye(4)
    tensors = [
        eye,
        eye.to_sparse(),
        torch.diag(torch.tensor([1.0, 1.0, 1.0, 2.0])).to_sparse(),
        torch.sparse_coo_tensor([[0, 0], [1, 1]], [1.0, 2.0], (4, 4)),
        eye.to_sparse_csr(),
        eye.to_sparse_csc(),
        eye.to_sparse_bsr((2, 2)),
        torch.quantize_per_tensor(eye, 0.1, 0, torch.qint8),
        torch.quantize_per_tensor(eye, 0.2, 0, torch.qint8),
        torch.quantize_per_channel(eye, torch.full((4,), 0.1), torch.zeros(4), 0, torch.qint8),
        torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
        torch.nested.nested_tensor([torch.zeros(3), torch.zeros(2)]),
    ]
    assert count(tensors) == len(tensors)
    assert digest_value(eye.to_sparse()) == digest_value(torch.eye(4).to_sparse())


def test_tied_and_equal_weights_differ() -> None:
    layer = torch.nn.Linear(3, 3)
    tied = torch.nn.ModuleList([layer, layer])
    equal = torch.nn.ModuleList([layer, copy.deepcopy(layer)])
    weight = torch.nn.ModuleList([layer, copy.deepcopy(layer)])
    weight[1].weight = layer.weight
    assert count([tied, equal, weight]) == 3
    assert digest_value(tied) == digest_value(copy.deepcopy(tied))


def test_memory_that_is_shared_counts() -> None:
    tensor = torch.zeros(4)
    values = [[tensor, tensor[:2]], [tensor, tensor[2:]], [tensor, torch.zeros(2)], [tensor, tensor.view(2, 2)[0]]]
    digests = list(map(digest_value, values))
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3
    assert digest_value(copy.deepcopy(values[1])) == digests[1]


def test_models_optimizers_and_schedulers_count_by_their_state() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.LSTM(4, 2))
    changed, still, frozen = (copy.deepcopy(model) for _ in range(3))
    with torch.no_grad():
        changed[0].weight[0, 0] += 1
    still.eval()
    frozen[0].weight.requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    other = torch.optim.Adam(model.parameters(), 1e-2)
    plan = torch.optim.lr_scheduler.StepLR(torch.optim.Adam(model.parameters(), 1e-3), 1)
    values = [model, changed, still, frozen, optimizer, other, plan]
    assert count(values) == len(values)
    for value in values:
        assert digest_value(pickle.loads(pickle.dumps(value))) == digest_value(value)


def test_random_states_and_small_things_differ() -> None:
    one, other = (torch.Generator().manual_seed(seed) for seed in (1, 2))
    values = [one, other, [one, one], [one, torch.Generator().manual_seed(1)]]
    values += [torch.float32, torch.device("cpu"), torch.device("cuda:0"), torch.Size([1, 2]), (1, 2), torch.relu]
    values += [torch.zeros(2).untyped_storage(), torch.ones(2).untyped_storage()]
    assert count(values) == len(values)
