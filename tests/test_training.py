import pytest
import torch
from torch import nn

from rnnlab.training import choose_device, predict, train

SETTINGS = {"epochs": 2, "batch_size": 4, "learning_rate": 0.01}


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 1))


def data(n=10):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(n, 3, 2, generator=generator), torch.rand(n, 1, generator=generator)


def test_one_full_batch_is_one_step_of_adam():
    x, y = data()
    ours, reference = net(), net()
    (figures,) = train(ours, x, y, epochs=1, batch_size=10, learning_rate=0.01, seed=0)
    loss = nn.functional.mse_loss(reference(x), y)
    loss.backward()
    torch.optim.Adam(reference.parameters(), lr=0.01).step()
    torch.testing.assert_close(ours[1].weight, reference[1].weight)
    assert figures == {"train_loss": pytest.approx(loss.item())}


def test_every_sample_is_seen_once_an_epoch_the_last_smaller_batch_too():
    seen = []

    class Spy(nn.Linear):
        def forward(self, x):
            seen.append(x[:, 0].detach())
            return super().forward(x)

    x = torch.arange(10.0)[:, None]
    list(train(Spy(1, 1), x, x, seed=0, **SETTINGS))
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(10))
    assert first.tolist() != second.tolist()


def test_the_same_seed_gives_the_same_weights_another_seed_others():
    x, y = data()
    weights = []
    for seed in (0, 0, 1):
        network = net()
        list(train(network, x, y, seed=seed, **SETTINGS))
        weights.append(network[1].weight)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_classes_report_accuracy_and_validation_is_not_trained_on():
    x, _ = data(8)
    y = torch.tensor([0, 1] * 4)
    figures, weights = [], []
    for validation in (None, (x[:2], y[:2])):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
        figures.append(list(train(network, x, y, seed=0, validation=validation, **SETTINGS)))
        weights.append(network[1].weight)
    assert set(figures[0][0]) == {"train_loss", "train_accuracy"}
    assert set(figures[1][0]) == {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}
    assert torch.equal(*weights)


def test_predict_in_batches_is_predict_at_once():
    x, _ = data()
    network = net()
    torch.testing.assert_close(predict(network, x, batch_size=3), network(x).detach())


def test_devices():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
