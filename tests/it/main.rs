mod power_loss;

fn main() {}
