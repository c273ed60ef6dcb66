"""Linear softmax read-outs over fixed features, and the ways to fit them."""
