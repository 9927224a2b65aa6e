"""`python -m hydra_cached` is `hydra-cached`."""

from hydra_cached.cli import main

if __name__ == "__main__":
    main()
