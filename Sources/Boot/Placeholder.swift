internal import Primitives
