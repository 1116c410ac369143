# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The tutorial, step by step
#
# Data, scaling, windows, an RNN, the training loop, the loss graph, the price graph, and a bidirectional LSTM that
# reads digits. Each step uses the functions of `rnnlab` that the pipeline uses; beside the engine that trains all
# seeds at once there is a plain PyTorch loop, and both give the same numbers. The prices are GOOG's, which need no
# download; the tutorial has KOSPI.

# %%
import time

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import torch

from rnnlab.data.sources import digits_sample, series_sample
from rnnlab.evaluation import metrics
from rnnlab.networks.forecast import forecast
from rnnlab.networks.network import build, count_parameters, initial_states, predict, restore
from rnnlab.training.batches import draw
from rnnlab.training.ensemble import Ensemble
from rnnlab.training.settings import Settings
from rnnlab.training.trainer import Trainer
from rnnlab.windows import splitting
from rnnlab.windows.scaling import MinMaxScaler
from rnnlab.windows.targets import Target
from rnnlab.windows.windows import Windows

torch.set_num_threads(1)  # networks of this size are slower with more

# %% tags=["parameters"]
EPOCHS = 301  # of the price networks
DIGIT_EPOCHS = 20
SEEDS = range(10)

# %% [markdown]
# ## Data, scaling, windows
#
# A window holds 5 days of Open, High, Low and Volume; its target is the Close of the next day. The first 200 windows
# train. Unlike in the tutorial, the scaler is fitted only on rows that train, so that it knows nothing of the test
# part.

# %%
FEATURES, LENGTH, TRAIN = ["Open", "High", "Low", "Volume"], 5, 200
rows = series_sample()
known = rows[: TRAIN + LENGTH]
scaler = MinMaxScaler.fit({name: known[name].to_numpy(float) for name in [*FEATURES, "Close"]})
scaled = {name: scaler.transform(rows[name].to_numpy(float), name) for name in scaler.columns}
dates = rows["Date"].to_numpy()
windows = Windows(np.stack([scaled[name] for name in FEATURES], 1), scaled["Close"], dates, LENGTH, horizon=1)
parts = splitting.in_time_order(len(windows), TRAIN, 0, horizon=1)
train, test = (windows.part(*parts[name]) for name in ("train", "test"))
whole = windows.part(0, len(windows))
x, y = torch.tensor(train.x), torch.tensor(train.y)
print(f"all windows {windows.x.shape}; train {tuple(x.shape)}, {tuple(y.shape)}; test {test.x.shape}")

# %% [markdown]
# ## The network
#
# The tutorial's `VanillaRNN`: two layers with 8 hidden features, the outputs of all 5 steps joined, one linear layer,
# a sigmoid. Here one class, `RecurrentNetwork`, has all cells; `build` makes it from its arguments.

# %%
RNN = {"cell": "rnn", "input_size": 4, "length": LENGTH, "output_size": 1, "hidden_size": 8, "num_layers": 2}
RNN |= {"bidirectional": False, "head": "flatten", "output": "sigmoid"}
SETTINGS = Settings(EPOCHS, batch_size=20, learning_rate=0.001)
network = build(RNN)
print(network, f"{count_parameters(network)} parameters", sep="\n")

# %% [markdown]
# ## The training loop, twice
#
# First a plain PyTorch loop for one seed, then the engine for all seeds at once. Both start with the same weights and
# draw the batches in the same order, in double precision. The last line checks that the losses of all epochs and the
# weights are equal.

# %%
torch.manual_seed(SEEDS[0])
network = build(RNN).double()
optimizer = torch.optim.Adam(network.parameters(), lr=SETTINGS.learning_rate)
criterion, order = torch.nn.MSELoss(), torch.Generator().manual_seed(SEEDS[0])
losses, start = [], time.perf_counter()
for _ in range(EPOCHS):
    total = 0.0
    for (batch,) in draw(len(x), SETTINGS.batch_size, [order]):  # the samples of a batch, shuffled anew in each epoch
        loss = criterion(network(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    losses.append(total / len(x))
print(f"plain loop, 1 seed: {time.perf_counter() - start:.1f} s, last loss {losses[-1]:.6f}")


# %%
def train_all_seeds(architecture):
    """State dicts of the trained networks, one for each seed, and their losses (epochs, seeds)."""
    states = initial_states(architecture, SEEDS)
    engine = Ensemble(architecture, [{name: part.double() for name, part in state.items()} for state in states])
    trainer = Trainer(engine, x, y, SEEDS, SETTINGS)
    by_epoch = [[row["train_loss"] for row in epoch] for epoch in trainer.run()]
    return trainer.states(), np.array(by_epoch)


start = time.perf_counter()
states, by_seed = train_all_seeds(RNN)
print(f"engine, {len(SEEDS)} seeds: {time.perf_counter() - start:.1f} s, last loss of seed 0 {by_seed[-1, 0]:.6f}")
np.testing.assert_allclose(by_seed[:, 0], losses, rtol=1e-6)
for name, weight in network.state_dict().items():
    torch.testing.assert_close(states[0][name], weight, rtol=1e-5, atol=1e-7)

# %%
plt.figure(figsize=(8, 3))
plt.semilogy(by_seed, color="lightgrey")
plt.semilogy(by_seed.mean(1), label="mean of the seeds")
plt.title("The loss graph")
plt.xlabel("epoch")
plt.ylabel("mean squared error (scaled)")
plt.legend()
plt.show()

# %% [markdown]
# ## The price graph, and the comparison that the tutorial does not make
#
# The forecast is the mean over the seeds. Persistence says that tomorrow's Close is today's. `shift` is the number of
# days by which a forecast must be moved back to fit best: 0 for a forecast, 1 for a copy of the last price.


# %%
def forecast_all(states, architecture, windows):
    """(N,), dollars: the mean forecast of the seeds."""
    by_seed = [forecast(restore(architecture, state), windows, Target("level")) for state in states]
    return scaler.inverse(np.mean(by_seed, 0)[:, 0], "Close")


truth, persistence = (scaler.inverse(values[:, 0], "Close") for values in (whole.y, whole.last))
forecasts = {"persistence": persistence}
for cell, output in {"rnn": "sigmoid", "lstm": "linear", "gru": "linear"}.items():
    architecture = RNN | {"cell": cell, "output": output}
    forecasts[cell] = forecast_all(train_all_seeds(architecture)[0], architecture, whole)
tested = slice(parts["test"][0], None)
for name, values in forecasts.items():
    shift = np.argmin(metrics.rmse_by_shift(truth[tested], values[tested], 5))
    print(f"{name:12} RMSE {metrics.rmse(truth[tested], values[tested]):6.2f} dollars, shift {shift} days")

plt.figure(figsize=(8, 4))
plt.plot(rows["Date"], rows["Close"], color="black", label="actual")
for name in ("rnn", "lstm", "gru"):
    plt.plot(whole.target_dates, forecasts[name], label=name)
plt.axvline(test.target_dates[0], color="grey", linestyle="--")
plt.gca().xaxis.set_major_formatter(mdates.ConciseDateFormatter(mdates.AutoDateLocator()))
plt.title("The price graph: the networks trained on the days before the line")
plt.ylabel("Close (dollars)")
plt.legend()
plt.show()

# %% [markdown]
# ## A bidirectional LSTM reads digits
#
# An image is a sequence: a row is a time step, its pixels are the features. The outputs of both directions at all
# steps go into one linear layer with 10 outputs. These are scikit-learn's images of 8 x 8 pixels; the tutorial has
# MNIST.

# %%
images, labels = digits_sample()
images, labels = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels).long()
parts = {name: torch.tensor(part) for name, part in splitting.draw(labels.numpy(), 0, 0).items()}
LSTM = {"cell": "lstm", "input_size": 8, "length": 8, "output_size": 10, "hidden_size": 12, "num_layers": 2}
LSTM |= {"bidirectional": True, "head": "flatten", "output": "linear"}
settings = Settings(DIGIT_EPOCHS, batch_size=128, learning_rate=0.005)
engine = Ensemble(LSTM, initial_states(LSTM, [0]))
trainer = Trainer(engine, images[parts["train"]], labels[parts["train"]], [0], settings)
(last,) = list(trainer.run())[-1]
read = predict(restore(LSTM, trainer.states()[0]), images[parts["test"]]).argmax(1)
right = (read == labels[parts["test"]]).float().mean()
print(f"accuracy: {last['train_accuracy']:.2%} in training, {right:.2%} on {len(read)} images that it never saw")
