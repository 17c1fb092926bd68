"""Pictures through a diffusion model."""
