// torch.vision.datasets: pictures from files, which nothing here downloads.
export { type DownloadedArgs, type DownloadedOptions, type TransformOptions, VisionDataset } from './base.ts';
export { CIFAR10, CIFAR100 } from './cifar.ts';
export { DatasetFolder, FakeData, type FakeDataOptions, type FolderOptions, ImageFolder } from './folder.ts';
export { EMNIST, FashionMNIST, KMNIST, MNIST } from './mnist.ts';
