"""Sounds made by formula, for spectrograms that are computed as real ones are.

The grain of a spectrogram is that of the Fourier transform of a sound with noise in it, which
drawing ridges does not imitate, and which looks like ultrasound to a network that never saw it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]


def sound(samples: int, rng: np.random.Generator) -> Sound:
    """Mix tones, chirps, voices, knocks and noises, in a random choice.

    Parameters
    ----------
    samples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of float64, shape (samples,)
        Frequencies are in cycles a sample.
    """
    time = np.arange(samples, dtype=np.float64)
    mixed = _coloured_noise(samples, rng) * 10 ** rng.uniform(-3, 0)
    for _ in range(int(rng.integers(1, 12))):
        makers = (_note, _voice, _knock, _hiss)
        length = int(samples * rng.uniform(0.02, 0.6))
        start = int(rng.integers(0, samples - length + 1))
        part = makers[rng.integers(len(makers))](time[:length], rng)
        mixed[start : start + length] += part * 10 ** rng.uniform(-1.2, 0)
    return mixed


def power(samples: Sound, height: int, width: int, rng: np.random.Generator) -> Sound:
    """Logarithmic power of a sound over time, low frequencies at the bottom.

    Parameters
    ----------
    samples : ndarray of float64, shape (n,)
        At least ``2 * height``.
    height, width : int
    rng : numpy.random.Generator
        Chooses the window and the range that is shown, 30 to 90 dB.

    Returns
    -------
    ndarray of float64, shape (height, width)
        0 to 1.
    """
    window = 2 * height
    shape = (np.hanning, np.hamming, np.blackman, np.ones)[rng.choice(4, p=(0.6, 0.2, 0.1, 0.1))]
    starts = np.linspace(0, len(samples) - window, width).astype(int)
    frames = np.stack([samples[s : s + window] for s in starts]) * shape(window)
    decibels = 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1))[:, :height] + 1e-9)
    if rng.random() < 0.3:
        # A stretched scale of frequencies, as the mel scale is.
        bent = (np.arange(height) / height) ** rng.uniform(1.3, 2.2) * (height - 1)
        decibels = decibels[:, bent.astype(int)]
    floor = decibels.max() - rng.uniform(30, 90)
    shown: Sound = np.clip((decibels - floor) / (decibels.max() - floor), 0, 1).T[::-1]
    return shown


def _note(time: Sound, rng: np.random.Generator) -> Sound:
    pitch = 10 ** rng.uniform(-2.4, -0.5)
    bend = rng.uniform(-0.5, 0.5) * pitch * time / max(len(time), 1)
    wobble = rng.uniform(0, 0.03) * np.sin(time * rng.uniform(0.0005, 0.01))
    phase = 2 * np.pi * np.cumsum(pitch * (1 + wobble) + bend)
    fall = np.exp(-time / max(len(time), 1) * rng.uniform(0, 6))
    tones = range(1, int(rng.integers(2, 10)))
    strength = rng.uniform(0.5, 2)
    return np.asarray(fall * sum(np.sin(k * phase) / k**strength for k in tones))


def _voice(time: Sound, rng: np.random.Generator) -> Sound:
    """Pulses through a few resonances, in syllables."""
    pitch = rng.uniform(0.004, 0.02) * (1 + 0.15 * np.sin(time * rng.uniform(0.0003, 0.002)))
    pulses = np.maximum(0, np.cos(2 * np.pi * np.cumsum(pitch))) ** 20
    spectrum = np.fft.rfft(pulses + 0.02 * rng.standard_normal(len(time)))
    frequency = np.linspace(0, 0.5, len(spectrum))
    response = np.full(len(spectrum), 0.01)
    for _ in range(int(rng.integers(2, 5))):
        centre, broad = rng.uniform(0.01, 0.4), rng.uniform(0.005, 0.03)
        response += np.exp(-(((frequency - centre) / broad) ** 2))
    spoken = np.fft.irfft(spectrum * response, n=len(time))
    syllables = np.clip(np.sin(time * rng.uniform(0.0005, 0.004)) + rng.uniform(-0.3, 0.6), 0, 1)
    return np.asarray(spoken / max(float(np.abs(spoken).max()), 1e-9) * syllables)


def _knock(time: Sound, rng: np.random.Generator) -> Sound:
    every = max(64, int(len(time) * rng.uniform(0.05, 0.5)))
    fall = np.exp(-(time % every) / rng.uniform(30, 900))
    return np.asarray(fall * rng.standard_normal(len(time)))


def _hiss(time: Sound, rng: np.random.Generator) -> Sound:
    swell = np.sin(np.pi * time / max(len(time), 1)) ** rng.uniform(0.3, 3)
    return np.asarray(swell * _coloured_noise(len(time), rng))


def _coloured_noise(samples: int, rng: np.random.Generator) -> Sound:
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequency = np.linspace(0, 0.5, len(spectrum)) + 1e-3
    spectrum *= frequency ** -rng.uniform(0, 1.3)
    if rng.random() < 0.5:
        # What coding and cheap microphones leave: nothing above some frequency.
        spectrum[frequency > rng.uniform(0.1, 0.5)] *= 10 ** rng.uniform(-4, -1)
    noise = np.fft.irfft(spectrum, n=samples)
    return np.asarray(noise / max(float(np.abs(noise).max()), 1e-9))
